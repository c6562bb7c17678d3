"""Counters of an owner's tasks, updated with every change, so that totals and statistics never scan the tasks."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC
from typing import Any, Final

from sqlalchemy import Executable, bindparam, delete

from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.tasks import task_counters
from domain.identity.user import UserId
from domain.tasks.statistics import completion_milliseconds
from domain.tasks.status import Status
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import PRIORITY_RANKS, STATUS_RANKS

STATE = "state"
TAG = "tag"
OPEN_DUE_DAY = "open_due_day"
OPEN_DUE_INSTANT = "open_due_instant"
CREATED = "created"
COMPLETED = "completed"
COMPLETION_TIME = "completion_time"
REVISION = "revision"

CounterKey = tuple[UserId, str, str]


def state_key(status: Status, priority: Priority) -> str:
    return f"{STATUS_RANKS[status]}{PRIORITY_RANKS[priority]}"


def counters_of(task: Task) -> Iterable[tuple[CounterKey, int]]:
    """Yield what one task adds to each counter. Datetimes count for their day in UTC."""
    owner_id = task.owner_id
    yield (owner_id, STATE, state_key(task.status, task.priority)), 1
    for tag in task.tags:
        yield (owner_id, TAG, tag.name), 1
    if task.is_open and task.due is not None:
        kind = OPEN_DUE_DAY if task.due.day else OPEN_DUE_INSTANT
        yield (owner_id, kind, task.due.sort_instant.date().isoformat()), 1
    yield (owner_id, CREATED, task.created_at.astimezone(UTC).date().isoformat()), 1
    if task.completed_at is not None:
        yield (owner_id, COMPLETED, task.completed_at.astimezone(UTC).date().isoformat()), 1
        yield (owner_id, COMPLETION_TIME, ""), completion_milliseconds(task)


def add_to_counters(dialect: SqlDialect) -> Executable:
    row: Any = dialect.insert(task_counters)
    statement: Executable = row.on_conflict_do_update(
        index_elements=[task_counters.c.owner_id, task_counters.c.kind, task_counters.c.key],
        set_={"amount": task_counters.c.amount + row.excluded.amount},
    )
    return statement


DELETE_EMPTY_COUNTERS: Final = delete(task_counters).where(
    task_counters.c.owner_id == bindparam("owner_id"),
    task_counters.c.kind == bindparam("kind"),
    task_counters.c.key == bindparam("key"),
    task_counters.c.amount == 0,
)


async def update_counters(transaction: Transaction, *, removed: Iterable[Task], added: Iterable[Task]) -> None:
    """Subtract the removed tasks from the counters of their owners, and add the added ones.

    Write rows in key order: concurrent writers of one owner then wait instead of deadlocking.
    """
    changes: Counter[CounterKey] = Counter()
    for task in added:
        changes[task.owner_id, REVISION, ""] += 1
        for counter, amount in counters_of(task):
            changes[counter] += amount
    for task in removed:
        changes[task.owner_id, REVISION, ""] += 1
        for counter, amount in counters_of(task):
            changes[counter] -= amount
    rows: list[dict[str, Any]] = [
        {"owner_id": owner_id, "kind": kind, "key": key, "amount": amount}
        for (owner_id, kind, key), amount in sorted(changes.items())
        if amount
    ]
    if rows:
        await transaction.execute(add_to_counters, *rows)
    if decreased := [row for row in rows if row["amount"] < 0]:
        await transaction.execute(DELETE_EMPTY_COUNTERS, *decreased)
