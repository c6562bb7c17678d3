"""Create the tables for sessions, password reset tokens and active administrators."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("user_agent", sa.String(255)),
        sa.Column("ip_address", sa.String(45)),
        sa.PrimaryKeyConstraint("user_id", "id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id_users"),
    )
    op.create_table(
        "reset_tokens",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_reset_tokens"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_reset_tokens_user_id_users"),
    )
    op.create_table(
        "active_admins",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_active_admins"),
        comment="active administrators; locked as a whole before one is removed",
    )
    op.execute("INSERT INTO active_admins (user_id) SELECT id FROM users WHERE role = 2 AND is_active")


def downgrade() -> None:
    for table in ("active_admins", "reset_tokens", "sessions"):
        op.drop_table(table)
