"""Count the workers that were killed while they ran a job apart from its attempts.

Services of the previous version keep running after the upgrade: they leave the column as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
compatible_from = "0013"

COMMENT = "earlier attempts whose worker was killed"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("kills", sa.Integer, nullable=False, server_default=sa.text("0"), comment=COMMENT))


def downgrade() -> None:
    op.drop_column("jobs", "kills")
