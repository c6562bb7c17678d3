"""Conversion between tasks and rows. Rows are read in the order of TASK_COLUMNS."""

from collections.abc import Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any

from adapters.sql.schema.tasks import tasks
from domain.calendar import Due
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import PRIORITY_RANKS, STATUS_RANKS, SortField, TaskOrder

STATUS_AT = tuple(Status)


PRIORITY_AT = tuple(Priority)


TASK_COLUMNS = (
    tasks.c.id,
    tasks.c.owner_id,
    tasks.c.title,
    tasks.c.description,
    tasks.c.status,
    tasks.c.priority,
    tasks.c.due_day,
    tasks.c.due_at,
    tasks.c.tags,
    tasks.c.created_at,
    tasks.c.updated_at,
    tasks.c.completed_at,
    tasks.c.version,
)


BY_DUE_ASCENDING = TaskOrder(SortField.DUE_DATE, descending=False)


BY_DUE_DESCENDING = TaskOrder(SortField.DUE_DATE, descending=True)


def task_to_row(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "owner_id": task.owner_id,
        "title": task.title,
        "description": task.description,
        "status": STATUS_RANKS[task.status],
        "priority": PRIORITY_RANKS[task.priority],
        "due_day": task.due and task.due.day,
        "due_at": task.due and task.due.instant,
        "tags": [tag.name for tag in task.tags],
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "completed_at": task.completed_at,
        "version": task.version,
        "title_key": task.title_key,
        "due_ascending": BY_DUE_ASCENDING.key(task),
        "due_descending": BY_DUE_DESCENDING.key(task),
        "search_text": task.search_text,
    }


def task_from_row(row: Sequence[Any]) -> Task:
    (
        id,
        owner_id,
        title,
        description,
        status,
        priority,
        due_day,
        due_at,
        tags,
        created_at,
        updated_at,
        completed_at,
        version,
    ) = row
    if due_at is not None and due_at.tzinfo is None:
        due_at = due_at.replace(tzinfo=UTC)  # asyncpg returns datetime.min and max for infinity, without offset
    due = due_day or due_at
    return Task(
        id=id,
        owner_id=owner_id,
        title=title,
        description=description,
        status=STATUS_AT[status],
        priority=PRIORITY_AT[priority],
        due=due and Due(due),
        tags=tuple(map(_tag, tags)),
        created_at=created_at,
        updated_at=updated_at,
        completed_at=completed_at,
        version=version,
    )


_tag = lru_cache(maxsize=4096)(Tag)
"""Most rows share a few tags, and a cache look-up costs less than validating the name again."""
