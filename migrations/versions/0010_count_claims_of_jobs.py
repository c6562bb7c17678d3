"""Count the claims of a job apart from its attempts, and store when an attempt starts.

Services of the previous version keep running after the upgrade: they leave both columns as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("claims", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("started_at", sa.DateTime(timezone=True), comment="start of the current attempt"))


def downgrade() -> None:
    op.drop_column("jobs", "started_at")
    op.drop_column("jobs", "claims")
