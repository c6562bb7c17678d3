from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from adapters.sql.engine.types import ByCodePoint, Document, Instant, Names
from adapters.sql.schema.metadata import metadata

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
    Column("title_key", ByCodePoint, nullable=False, comment="sort key of the title"),
    Column("due_ascending", BigInteger, nullable=False, comment="microseconds; the maximum without a due date"),
    Column("due_descending", BigInteger, nullable=False, comment="microseconds; the minimum without a due date"),
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


task_counters = Table(
    "task_tallies",
    metadata,
    Column("owner_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("kind", ByCodePoint, primary_key=True),
    Column("key", ByCodePoint, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    comment="number of tasks per owner and value, updated in the transaction that changes the tasks",
)


task_changes = Table(
    "task_changes",
    metadata,
    Column("owner_id", Uuid, primary_key=True),
    Column("task_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, comment="version of the task after this change"),
    Column("id", Uuid, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("at", Instant, nullable=False),
    Column("changes", Document, nullable=False, comment="old and new value of each changed field"),
    ForeignKeyConstraint(["owner_id", "task_id"], ["tasks.owner_id", "tasks.id"]),
    CheckConstraint("version >= 1", name="version_positive"),
)
