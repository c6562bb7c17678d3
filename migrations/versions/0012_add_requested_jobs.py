"""Store who requested a job, and keep requested jobs for a while after they succeed.

Services of the previous version keep running after the upgrade: they leave jobs of the new kinds to newer workers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COLUMNS = (
    sa.Column("requester_id", sa.Uuid, comment="the user whose request queued the job and who may see it"),
    sa.Column("created_at", INSTANT),
    sa.Column("finished_at", INSTANT),
)
IS_ALIVE = sa.text("died_at IS NULL")
IS_PENDING = sa.text("died_at IS NULL AND finished_at IS NULL")
IS_REQUESTED = sa.text("requester_id IS NOT NULL")


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("jobs", column)
    _replace_index(IS_PENDING)
    op.create_index(
        "ix_jobs_by_requester", "jobs", ["requester_id"], postgresql_where=IS_REQUESTED, sqlite_where=IS_REQUESTED
    )


def downgrade() -> None:
    # the previous version would run finished jobs again, and keep the other new ones forever
    op.execute("DELETE FROM jobs WHERE requester_id IS NOT NULL")
    op.drop_index("ix_jobs_by_requester", "jobs")
    _replace_index(IS_ALIVE)
    for column in COLUMNS:
        op.drop_column("jobs", column.name)


def _replace_index(condition: sa.TextClause) -> None:
    op.drop_index("ix_jobs_by_run_at", "jobs")
    op.create_index("ix_jobs_by_run_at", "jobs", ["run_at", "id"], postgresql_where=condition, sqlite_where=condition)
