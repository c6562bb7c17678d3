"""Store all reset tokens of a user that were mailed in the last hour, in the row of the latest one.

Services of the previous version keep running after the upgrade: they replace the latest token and delete the row.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "reset_tokens", sa.Column("recent", sa.JSON, comment="the tokens of the last hour, including the latest one")
    )


def downgrade() -> None:
    op.drop_column("reset_tokens", "recent")
