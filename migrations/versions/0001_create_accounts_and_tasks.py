"""Create the tables for accounts, tasks and task counters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from adapters.sql.schema.extensions import schema_of_extension

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BY_CODE_POINT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAMES = sa.JSON().with_variant(postgresql.ARRAY(sa.Text()), "postgresql")

TASK_INDEXES = {
    "ix_tasks_by_created": ["owner_id", "created_at", "id"],
    "ix_tasks_by_updated": ["owner_id", "updated_at", "id"],
    "ix_tasks_by_due_ascending": ["owner_id", "due_ascending", "id"],
    "ix_tasks_by_due_descending": ["owner_id", "due_descending", "id"],
    "ix_tasks_by_priority": ["owner_id", "priority", "id"],
    "ix_tasks_by_status": ["owner_id", "status", "id"],
    "ix_tasks_by_title": ["owner_id", "title_key", "id"],
}

PARTIAL_TASK_INDEXES = {
    "ix_tasks_open_due_at": (["owner_id", "due_at"], "status < 2 AND due_at IS NOT NULL"),
    "ix_tasks_completed_at": (["owner_id", "completed_at"], "completed_at IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("username", sa.String(50), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("full_name", sa.String(100)),
        sa.Column("role", sa.SmallInteger, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("username_key", BY_CODE_POINT, nullable=False, comment="sort key of the username"),
        sa.Column("email_key", BY_CODE_POINT, nullable=False, comment="sort key of the e-mail address"),
        sa.Column(
            "search_text", BY_CODE_POINT, nullable=False, comment="username, e-mail address and full name, folded"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.CheckConstraint("version >= 1", name=op.f("ck_users_version_positive")),
        sa.CheckConstraint("length(username) >= 3", name=op.f("ck_users_username_length")),
        sa.CheckConstraint("role BETWEEN 0 AND 2", name=op.f("ck_users_role_known")),
    )
    for name, column in (
        ("created", "created_at"),
        ("username", "username_key"),
        ("email", "email_key"),
        ("role", "role"),
    ):
        op.create_index(f"ix_users_by_{name}", "users", [column, "id"])
    for table, key in (("username_claims", "username_key"), ("email_claims", "email_key")):
        op.create_table(
            table,
            sa.Column(key, BY_CODE_POINT, nullable=False),
            sa.Column("user_id", sa.Uuid, nullable=False),
            sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
        )
    create_tasks()
    op.create_table(
        "task_tallies",
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("kind", BY_CODE_POINT, nullable=False),
        sa.Column("key", BY_CODE_POINT, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "kind", "key", name="pk_task_tallies"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_task_tallies_owner_id_users"),
        comment="number of tasks per owner and value, updated in the transaction that changes the tasks",
    )


def create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column(
            "status", sa.SmallInteger, nullable=False, comment="0 pending, 1 in progress, 2 completed, 3 cancelled"
        ),
        sa.Column("priority", sa.SmallInteger, nullable=False, comment="0 low, 1 medium, 2 high, 3 critical"),
        sa.Column("due_day", sa.Date),
        sa.Column("due_at", INSTANT),
        sa.Column("tags", NAMES, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("completed_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title_key", BY_CODE_POINT, nullable=False, comment="sort key of the title"),
        sa.Column(
            "due_ascending",
            sa.BigInteger,
            nullable=False,
            comment="microseconds; the maximum without a due date",
        ),
        sa.Column(
            "due_descending", sa.BigInteger, nullable=False, comment="microseconds; the minimum without a due date"
        ),
        sa.Column("search_text", BY_CODE_POINT, nullable=False, comment="title, description and tags, folded"),
        sa.PrimaryKeyConstraint("owner_id", "id", name="pk_tasks"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_tasks_owner_id_users"),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 255", name=op.f("ck_tasks_title_length")),
        sa.CheckConstraint("length(description) <= 2000", name=op.f("ck_tasks_description_length")),
        sa.CheckConstraint("status BETWEEN 0 AND 3", name=op.f("ck_tasks_status_known")),
        sa.CheckConstraint("priority BETWEEN 0 AND 3", name=op.f("ck_tasks_priority_known")),
        sa.CheckConstraint("due_day IS NULL OR due_at IS NULL", name=op.f("ck_tasks_due_once")),
        sa.CheckConstraint(
            "(status = 2) = (completed_at IS NOT NULL)", name=op.f("ck_tasks_completed_at_while_completed")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_tasks_version_positive")),
    )
    for name, columns in TASK_INDEXES.items():
        op.create_index(name, "tasks", columns)
    for name, (columns, condition) in PARTIAL_TASK_INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "tasks", columns, postgresql_where=where, sqlite_where=where)
    if op.get_context().dialect.name == "postgresql":
        create_optional_indexes()


def create_optional_indexes() -> None:
    """Create the GIN indexes for the search in texts and tags.

    Without the extensions, the same queries scan the tasks of the owner.
    """
    context = op.get_context()
    owner = "owner_id, " if schema_of_extension(context, "btree_gin") is not None else ""
    op.execute(f"CREATE INDEX ix_tasks_tags ON tasks USING gin ({owner}tags)")
    if (schema := schema_of_extension(context, "pg_trgm")) is not None:
        op.execute(f"CREATE INDEX ix_tasks_search ON tasks USING gin ({owner}search_text {schema}gin_trgm_ops)")


def downgrade() -> None:
    for table in ("task_tallies", "tasks", "email_claims", "username_claims", "users"):
        op.drop_table(table)
