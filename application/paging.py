import base64
import binascii
import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from uuid import UUID

from application.ports.storage import Position
from domain.errors import InvalidCursor
from domain.task import Task, TaskId
from domain.task_query import TaskFilter, TaskOrder

_DIGEST: Final = 12
"""Bytes. It tells damage and a foreign list; it is no secret: a cursor only says where to go on."""


@dataclass(frozen=True, slots=True)
class TaskPage:
    """`total` and `skip` are None in answers to a cursor; a capped total says "at least"."""

    items: list[Task]
    total: int | None
    total_capped: bool
    skip: int | None
    limit: int
    next_cursor: str | None


def cursor_after(task: Task, filter: TaskFilter, order: TaskOrder) -> str:
    """Where the list goes on after `task`: opaque, URL-safe, good for this filter and order only."""
    place = json.dumps([order.key(task), task.id.hex], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_digest(place, filter, order) + place).rstrip(b"=").decode()


def position_of(cursor: str, filter: TaskFilter, order: TaskOrder) -> Position:
    """Raises InvalidCursor if it is damaged, or was made for another filter or order."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCursor("the cursor is damaged") from None
    digest, place = raw[:_DIGEST], raw[_DIGEST:]
    if digest != _digest(place, filter, order):
        raise InvalidCursor("the cursor is damaged, or belongs to other filters or another order")
    try:
        key, task_id = json.loads(place)
        return Position(order.valid_key(key), TaskId(UUID(hex=task_id)))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidCursor("the cursor is damaged") from None


def _digest(place: bytes, filter: TaskFilter, order: TaskOrder) -> bytes:
    asked = [
        sorted(filter.statuses),
        sorted(filter.priorities),
        sorted(tag.name for tag in filter.tags),
        filter.completed,
        filter.overdue,
        filter.search,
        *(
            moment and moment.isoformat()
            for moment in (filter.created_after, filter.created_before, filter.due_after, filter.due_before)
        ),
        order.field,
        order.descending,
    ]
    return blake2b(place + json.dumps(asked).encode(), digest_size=_DIGEST).digest()
