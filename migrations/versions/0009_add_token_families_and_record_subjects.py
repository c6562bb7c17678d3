"""Store the family of refresh tokens, and whose data the stored response of an idempotent write contains.

Services of the previous version keep running after the upgrade: they leave both columns empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEX = "ix_idempotency_records_by_subject"
COMMENT = "the user whose data the payload contains, if it is another user"
ERASED = b'{"status": 404, "headers": {}}\n'
"""What the previous version replays instead of an erased response. It does not know the empty payload."""


def upgrade() -> None:
    op.add_column("sessions", sa.Column("family_hash", sa.LargeBinary))
    op.add_column("idempotency_records", sa.Column("subject_id", sa.Uuid, comment=COMMENT))
    has_subject = sa.text("subject_id IS NOT NULL")
    op.create_index(
        INDEX, "idempotency_records", ["subject_id"], postgresql_where=has_subject, sqlite_where=has_subject
    )


def downgrade() -> None:
    records = sa.table("idempotency_records", sa.column("payload", sa.LargeBinary))
    op.execute(records.update().where(records.c.payload == b"").values(payload=ERASED))
    op.drop_index(INDEX, "idempotency_records")
    with op.batch_alter_table("idempotency_records") as table:
        table.drop_column("subject_id")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("family_hash")
