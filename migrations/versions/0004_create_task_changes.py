"""Create the table for the history of tasks.

The history of an existing task starts with its next change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "task_changes",
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("task_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, comment="version of the task after this change"),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("actor_id", sa.Uuid, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.JSON, nullable=False, comment="old and new value of each changed field"),
        sa.PrimaryKeyConstraint("owner_id", "task_id", "version", name="pk_task_changes"),
        sa.ForeignKeyConstraint(
            ["owner_id", "task_id"], ["tasks.owner_id", "tasks.id"], name="fk_task_changes_owner_id_task_id_tasks"
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_task_changes_version_positive")),
    )


def downgrade() -> None:
    op.drop_table("task_changes")
