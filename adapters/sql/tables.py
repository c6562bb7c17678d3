"""The schema. Everything owned has `owner_id` first in its primary key, so that it can be sharded by owner.

Ids are made by the application. Names that are unique across owners are claimed in tables of their own, which
have no foreign key to users: the two are sharded by different columns.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
)

from adapters.sql.types import ByCodePoint, Document, Instant, Names

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("username", String(50), nullable=False),
    Column("email", String(254), nullable=False),
    Column("full_name", String(100)),
    Column("role", SmallInteger, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
    Column("username_key", ByCodePoint, nullable=False, comment="what sorting by username compares"),
    Column("email_key", ByCodePoint, nullable=False, comment="what sorting by e-mail address compares"),
    Column("search_text", ByCodePoint, nullable=False, comment="username, e-mail address and full name, folded"),
    CheckConstraint("length(username) >= 3", name="username_length"),
    CheckConstraint("role BETWEEN 0 AND 2", name="role_known"),
    CheckConstraint("version >= 1", name="version_positive"),
    Index("ix_users_by_created", "created_at", "id"),
    Index("ix_users_by_username", "username_key", "id"),
    Index("ix_users_by_email", "email_key", "id"),
    Index("ix_users_by_role", "role", "id"),
)

username_claims = Table(
    "username_claims",
    metadata,
    Column("username_key", ByCodePoint, primary_key=True),
    Column("user_id", Uuid, nullable=False),
)

email_claims = Table(
    "email_claims",
    metadata,
    Column("email_key", ByCodePoint, primary_key=True),
    Column("user_id", Uuid, nullable=False),
)

active_admins = Table(
    "active_admins",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    comment="locked as a whole by whoever is about to take one away",
)

sessions = Table(
    "sessions",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("refresh_hash", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("user_agent", String(255)),
    Column("ip_address", String(45)),
    Index("ix_sessions_by_expiry", "expires_at"),
)

reset_tokens = Table(
    "reset_tokens",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("owner_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("status", SmallInteger, nullable=False, comment="0 pending, 1 in progress, 2 completed, 3 cancelled"),
    Column("priority", SmallInteger, nullable=False, comment="0 low, 1 medium, 2 high, 3 critical"),
    Column("due_day", Date),
    Column("due_at", Instant),
    Column("tags", Names, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("completed_at", Instant),
    Column("version", Integer, nullable=False),
    Column("title_key", ByCodePoint, nullable=False, comment="what sorting by title compares"),
    Column("due_ascending", BigInteger, nullable=False, comment="microseconds; the greatest number without due date"),
    Column("due_descending", BigInteger, nullable=False, comment="microseconds; the least number without due date"),
    Column("search_text", ByCodePoint, nullable=False, comment="title, description and tags, folded"),
    CheckConstraint("length(title) BETWEEN 1 AND 255", name="title_length"),
    CheckConstraint("length(description) <= 2000", name="description_length"),
    CheckConstraint("status BETWEEN 0 AND 3", name="status_known"),
    CheckConstraint("priority BETWEEN 0 AND 3", name="priority_known"),
    CheckConstraint("due_day IS NULL OR due_at IS NULL", name="due_once"),
    CheckConstraint("(status = 2) = (completed_at IS NOT NULL)", name="completed_at_while_completed"),
    CheckConstraint("version >= 1", name="version_positive"),
    Index("ix_tasks_by_created", "owner_id", "created_at", "id"),
    Index("ix_tasks_by_updated", "owner_id", "updated_at", "id"),
    Index("ix_tasks_by_due_ascending", "owner_id", "due_ascending", "id"),
    Index("ix_tasks_by_due_descending", "owner_id", "due_descending", "id"),
    Index("ix_tasks_by_priority", "owner_id", "priority", "id"),
    Index("ix_tasks_by_status", "owner_id", "status", "id"),
    Index("ix_tasks_by_title", "owner_id", "title_key", "id"),
)

_IS_DUE = (tasks.c.status < 2) & tasks.c.due_at.is_not(None)
Index("ix_tasks_open_due_at", tasks.c.owner_id, tasks.c.due_at, postgresql_where=_IS_DUE, sqlite_where=_IS_DUE)
_IS_DONE = tasks.c.completed_at.is_not(None)
Index("ix_tasks_completed_at", tasks.c.owner_id, tasks.c.completed_at, postgresql_where=_IS_DONE, sqlite_where=_IS_DONE)

task_tallies = Table(
    "task_tallies",
    metadata,
    Column("owner_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("kind", ByCodePoint, primary_key=True),
    Column("key", ByCodePoint, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    comment="how many of an owner's tasks have what, kept in the transaction that changes them",
)

task_changes = Table(
    "task_changes",
    metadata,
    Column("owner_id", Uuid, primary_key=True),
    Column("task_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, comment="the one that this change made"),
    Column("id", Uuid, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("at", Instant, nullable=False),
    Column("changes", Document, nullable=False, comment="of each field, what it was and became"),
    ForeignKeyConstraint(["owner_id", "task_id"], ["tasks.owner_id", "tasks.id"]),
    CheckConstraint("version >= 1", name="version_positive"),
)

idempotency_records = Table(
    "idempotency_records",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("operation", String(100), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("headers", Document, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_idempotency_records_by_expiry", "expires_at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(50), nullable=False),
    Column("owner_id", Uuid),
    Column("payload", Document, nullable=False),
    Column("run_at", Instant, nullable=False, comment="not before; a claimed job is the claimant's until then"),
    Column("attempts", Integer, nullable=False),
    Column("died_at", Instant),
    Column("last_error", Text),
    CheckConstraint("attempts >= 0", name="attempts_counted"),
    comment="not sharded: workers claim from it whatever is due",
)
Index(
    "ix_jobs_by_run_at",
    jobs.c.run_at,
    jobs.c.id,
    postgresql_where=jobs.c.died_at.is_(None),
    sqlite_where=jobs.c.died_at.is_(None),
)

files = Table(
    "files",
    metadata,
    Column("owner_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("task_id", Uuid),
    Column("filename", String(255), nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    ForeignKeyConstraint(["owner_id", "task_id"], ["tasks.owner_id", "tasks.id"]),
    CheckConstraint("length(filename) >= 1", name="filename_length"),
    CheckConstraint("size >= 1", name="size_positive"),
    CheckConstraint("length(sha256) = 32", name="sha256_length"),
    Index("ix_files_by_created", "owner_id", "created_at", "id"),
    Index("ix_files_by_task", "owner_id", "task_id", "created_at", "id"),
    comment="what is told about files; their bytes lie in a file store",
)
