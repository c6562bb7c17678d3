"""Counters of an owner's tasks. Totals and statistics are sums of counters, so they need no scan of the tasks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC
from enum import StrEnum
from typing import NamedTuple

from domain.identity.user import UserId
from domain.tasks.statistics import completion_milliseconds
from domain.tasks.status import Status
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import PRIORITY_RANKS, STATUS_RANKS


class CounterKind(StrEnum):
    """What a counter counts. The values are stored."""

    STATE = "state"
    """Tasks with a status and a priority."""
    TAG = "tag"
    """Tasks with a tag."""
    OPEN_DUE_DAY = "open_due_day"
    """Open tasks that are due on a day."""
    OPEN_DUE_INSTANT = "open_due_instant"
    """Open tasks that are due at an instant of a day in UTC."""
    CREATED = "created"
    """Tasks that were created on a day in UTC."""
    COMPLETED = "completed"
    """Completed tasks that were completed on a day in UTC."""
    COMPLETION_TIME = "completion_time"
    """Milliseconds from creation to completion, summed over all completed tasks."""
    REVISION = "revision"
    """Writes to the owner's tasks."""


class CounterKey(NamedTuple):
    """Identifies a counter. `key` is the counted value as text. Keys are ordered, for writes in one order."""

    owner_id: UserId
    kind: str
    key: str = ""


CounterChanges = Mapping[CounterKey, int]
"""Amounts to add to counters, without zeros."""


CounterAmounts = Mapping[CounterKey, int]
"""Amounts of counters, zero for a counter that does not exist."""


def state_key(status: Status, priority: Priority) -> str:
    """Return the key of a STATE counter."""
    return f"{STATUS_RANKS[status]}{PRIORITY_RANKS[priority]}"


def counters_of(task: Task) -> Iterable[tuple[CounterKey, int]]:
    """Yield what one task adds to each counter."""
    owner_id = task.owner_id
    yield CounterKey(owner_id, CounterKind.STATE, state_key(task.status, task.priority)), 1
    for tag in task.tags:
        yield CounterKey(owner_id, CounterKind.TAG, tag.name), 1
    if task.is_open and task.due is not None:
        kind = CounterKind.OPEN_DUE_DAY if task.due.day else CounterKind.OPEN_DUE_INSTANT
        yield CounterKey(owner_id, kind, task.due.sort_instant.date().isoformat()), 1
    yield CounterKey(owner_id, CounterKind.CREATED, task.created_at.astimezone(UTC).date().isoformat()), 1
    if task.completed_at is not None:
        yield CounterKey(owner_id, CounterKind.COMPLETED, task.completed_at.astimezone(UTC).date().isoformat()), 1
        yield CounterKey(owner_id, CounterKind.COMPLETION_TIME), completion_milliseconds(task)


def counter_changes(*, removed: Iterable[Task] = (), added: Iterable[Task] = ()) -> CounterChanges:
    """Return how the counters change when tasks are removed and added. An edit removes and adds a task."""
    changes: Counter[CounterKey] = Counter()
    for sign, tasks in ((1, added), (-1, removed)):
        for task in tasks:
            changes[CounterKey(task.owner_id, CounterKind.REVISION)] += 1
            for counter, amount in counters_of(task):
                changes[counter] += sign * amount
    return {counter: amount for counter, amount in changes.items() if amount}


def added_tags(changes: CounterChanges, amounts: CounterAmounts) -> Mapping[UserId, int]:
    """Return how many different tags each owner has more than before the changes. Owners with no more are left out.

    Args:
        changes: What was added to the counters.
        amounts: The amounts of these counters afterwards.
    """
    numbers: Counter[UserId] = Counter()
    for counter, change in changes.items():
        if counter.kind == CounterKind.TAG:
            amount = amounts[counter]
            numbers[counter.owner_id] += (amount > 0) - (amount - change > 0)
    return +numbers
