"""Create the table for the metadata of files."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("task_id", sa.Uuid),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name="pk_files"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_files_owner_id_users"),
        sa.ForeignKeyConstraint(
            ["owner_id", "task_id"], ["tasks.owner_id", "tasks.id"], name="fk_files_owner_id_task_id_tasks"
        ),
        sa.CheckConstraint("length(filename) >= 1", name=op.f("ck_files_filename_length")),
        sa.CheckConstraint("size >= 1", name=op.f("ck_files_size_positive")),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_files_sha256_length")),
        comment="metadata of files; the content is in a file store",
    )
    op.create_index("ix_files_by_created", "files", ["owner_id", "created_at", "id"])
    op.create_index("ix_files_by_task", "files", ["owner_id", "task_id", "created_at", "id"])


def downgrade() -> None:
    op.drop_table("files")
