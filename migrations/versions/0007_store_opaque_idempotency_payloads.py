"""Store the response of an idempotent write as one payload: a line of JSON with status and headers, then the body."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LINE = """'{"status": ' || status || ', "headers": ' || CAST(headers AS text) || '}'"""
TO_PAYLOAD = {
    "postgresql": {"body": f"convert_to({LINE} || chr(10), 'UTF8') || body"},
    "sqlite": {"body": f"CAST({LINE} || char(10) || body AS blob)"},
}

POSTGRES_LINE = r"CAST(convert_from(substr(body, 1, position('\x0a' IN body) - 1), 'UTF8') AS json)"
SQLITE_LINE = "CAST(substr(body, 1, instr(body, x'0a') - 1) AS text)"
FROM_PAYLOAD = {
    "postgresql": {
        "status": f"CAST({POSTGRES_LINE} ->> 'status' AS smallint)",
        "headers": f"{POSTGRES_LINE} -> 'headers'",
        "body": r"substr(body, position('\x0a' IN body) + 1)",
    },
    "sqlite": {
        "status": f"json_extract({SQLITE_LINE}, '$.status')",
        "headers": f"json_extract({SQLITE_LINE}, '$.headers')",
        "body": "substr(body, instr(body, x'0a') + 1)",
    },
}


def upgrade() -> None:
    convert(TO_PAYLOAD)
    with op.batch_alter_table("idempotency_records") as table:
        table.alter_column("body", new_column_name="payload")
        table.drop_column("status")
        table.drop_column("headers")


def downgrade() -> None:
    with op.batch_alter_table("idempotency_records") as table:
        table.alter_column("payload", new_column_name="body")
        table.add_column(sa.Column("status", sa.SmallInteger))
        table.add_column(sa.Column("headers", sa.JSON))
    convert(FROM_PAYLOAD)
    with op.batch_alter_table("idempotency_records") as table:
        table.alter_column("status", nullable=False)
        table.alter_column("headers", nullable=False)


def convert(expressions: dict[str, dict[str, str]]) -> None:
    records = sa.table("idempotency_records", sa.column("status"), sa.column("headers"), sa.column("body"))
    chosen = expressions[op.get_bind().dialect.name]
    op.execute(records.update().values({name: sa.literal_column(sql) for name, sql in chosen.items()}))
