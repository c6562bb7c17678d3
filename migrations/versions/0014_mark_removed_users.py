"""Mark removed users, whose rows remain until the data that they own are deleted.

Services of the previous version keep running after the upgrade. For some seconds after the removal of a user with very
many tasks, they list a user without data.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
compatible_from = "0013"

COMMENT = "the row has no other data and remains until the rows that refer to it are deleted"


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("is_removed", sa.Boolean, nullable=False, server_default=sa.false(), comment=COMMENT)
    )
    is_removed = sa.text("is_removed")
    op.create_index("ix_users_removed", "users", ["id"], postgresql_where=is_removed, sqlite_where=is_removed)


def downgrade() -> None:
    removed = "(SELECT id FROM users WHERE is_removed)"
    for table, owner in (
        ("idempotency_records", "user_id"),
        ("files", "owner_id"),
        ("task_changes", "owner_id"),
        ("tasks", "owner_id"),
        ("task_tallies", "owner_id"),
    ):
        op.execute(f"DELETE FROM {table} WHERE {owner} IN {removed}")  # noqa: S608 - constants
    op.execute("DELETE FROM users WHERE is_removed")
    op.drop_index("ix_users_removed", "users")
    op.drop_column("users", "is_removed")
