"""Store the response of an idempotent write as one payload: a line of JSON with status and headers, then the body.

Services of the previous version keep running after the upgrade: the columns that they write remain, but may be empty.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LEGACY: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "status": sa.SmallInteger,
    "headers": sa.JSON,
    "body": sa.LargeBinary,
}

POSTGRES_LINE = r"CAST(convert_from(substr(payload, 1, position('\x0a' IN payload) - 1), 'UTF8') AS json)"
SQLITE_LINE = "CAST(substr(payload, 1, instr(payload, x'0a') - 1) AS text)"
FROM_PAYLOAD = {
    "postgresql": {
        "status": f"CAST({POSTGRES_LINE} ->> 'status' AS smallint)",
        "headers": f"{POSTGRES_LINE} -> 'headers'",
        "body": r"substr(payload, position('\x0a' IN payload) + 1)",
    },
    "sqlite": {
        "status": f"json_extract({SQLITE_LINE}, '$.status')",
        "headers": f"json_extract({SQLITE_LINE}, '$.headers')",
        "body": "substr(payload, instr(payload, x'0a') + 1)",
    },
}


def upgrade() -> None:
    with op.batch_alter_table("idempotency_records") as table:
        table.add_column(sa.Column("payload", sa.LargeBinary))
        for name, kind in LEGACY.items():
            table.alter_column(name, existing_type=kind, nullable=True)


def downgrade() -> None:
    columns: list[Any] = [sa.column(name) for name in ("payload", *LEGACY)]
    records = sa.table("idempotency_records", *columns)
    expressions = FROM_PAYLOAD[op.get_context().dialect.name]
    values: dict[str, Any] = {name: sa.literal_column(sql) for name, sql in expressions.items()}
    op.execute(records.update().where(records.c.payload.is_not(None)).values(values))
    with op.batch_alter_table("idempotency_records") as table:
        table.drop_column("payload")
        for name, kind in LEGACY.items():
            table.alter_column(name, existing_type=kind, nullable=False)
