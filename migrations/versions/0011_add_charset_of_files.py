"""Store the charset of text files. All texts until now are UTF-8.

Services of the previous version keep running after the upgrade. The charset of a text that they store is unknown.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("files", sa.Column("charset", sa.String(20), comment="charset of a text, if it is known"))
    op.execute("UPDATE files SET charset = 'utf-8' WHERE content_type = 'text/plain'")


def downgrade() -> None:
    op.drop_column("files", "charset")
