"""Record beside the revision from which version of the program on the schema can be served.

Services of the previous version keep running after the upgrade: they read the revision only when they start.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
compatible_from = "0013"


def upgrade() -> None:
    op.add_column("alembic_version", sa.Column("compatible_from", sa.String(32)))


def downgrade() -> None:
    op.drop_column("alembic_version", "compatible_from")
