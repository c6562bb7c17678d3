"""Store the id that the database shares with its file store. The service adds it at its next start.

Services of the previous version keep running after the upgrade: they compare no ids.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
compatible_from = "0013"


def upgrade() -> None:
    op.create_table(
        "file_store",
        sa.Column("row", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("row", name="pk_file_store"),
        sa.CheckConstraint("row = 1", name=op.f("ck_file_store_one_row")),
        comment="the random id that the database shares with its file store",
    )


def downgrade() -> None:
    op.drop_table("file_store")
