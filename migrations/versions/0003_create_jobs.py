"""Create the job queue."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("owner_id", sa.Uuid),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column(
            "run_at", INSTANT, nullable=False, comment="earliest start; end of the lease while a worker runs the job"
        ),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("died_at", INSTANT),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_jobs_attempts_counted")),
        comment="not sharded: workers claim the due jobs of all owners",
    )
    is_alive = sa.text("died_at IS NULL")
    op.create_index("ix_jobs_by_run_at", "jobs", ["run_at", "id"], postgresql_where=is_alive, sqlite_where=is_alive)
    op.create_index("ix_sessions_by_expiry", "sessions", ["expires_at"])


def downgrade() -> None:
    op.drop_index("ix_sessions_by_expiry", "sessions")
    op.drop_table("jobs")
