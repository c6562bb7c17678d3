"""How many of an owner's tasks have what, kept as they change, so that totals and statistics never scan them."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from sqlalchemy import Dialect, bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.tasks import task_tallies
from domain.identity.user import UserId
from domain.tasks.statistics import completion_milliseconds
from domain.tasks.task import Priority, Status, Task
from domain.tasks.task_query import RANK_OF_PRIORITY, RANK_OF_STATUS

STATE = "state"
TAG = "tag"
OPEN_DUE_DAY = "open_due_day"
OPEN_DUE_INSTANT = "open_due_instant"
CREATED = "created"
COMPLETED = "completed"
COMPLETION_TIME = "completion_time"
REVISION = "revision"

Tally = tuple[UserId, str, str]


def state_key(status: Status, priority: Priority) -> str:
    return f"{RANK_OF_STATUS[status]}{RANK_OF_PRIORITY[priority]}"


def tallied(task: Task) -> Iterable[tuple[Tally, int]]:
    """What one task adds. Instants are tallied by their day in UTC."""
    owner_id = task.owner_id
    yield (owner_id, STATE, state_key(task.status, task.priority)), 1
    for tag in task.tags:
        yield (owner_id, TAG, tag.name), 1
    if task.is_open and task.due is not None:
        kind = OPEN_DUE_DAY if task.due.day else OPEN_DUE_INSTANT
        yield (owner_id, kind, task.due.sorted_at.date().isoformat()), 1
    yield (owner_id, CREATED, task.created_at.astimezone(UTC).date().isoformat()), 1
    if task.completed_at is not None:
        yield (owner_id, COMPLETED, task.completed_at.astimezone(UTC).date().isoformat()), 1
        yield (owner_id, COMPLETION_TIME, ""), completion_milliseconds(task)


class TallyStatements:
    def __init__(self, dialect: Dialect) -> None:
        upsert: Any = (postgresql if dialect.name == "postgresql" else sqlite).insert(task_tallies)
        self.add = Statement(
            upsert.on_conflict_do_update(
                index_elements=[task_tallies.c.owner_id, task_tallies.c.kind, task_tallies.c.key],
                set_={"amount": task_tallies.c.amount + upsert.excluded.amount},
            ),
            dialect,
        )
        self.drop_empty = Statement(
            delete(task_tallies).where(
                task_tallies.c.owner_id == bindparam("owner_id"),
                task_tallies.c.kind == bindparam("kind"),
                task_tallies.c.key == bindparam("key"),
                task_tallies.c.amount == 0,
            ),
            dialect,
        )


async def record(
    transaction: Transaction, statements: TallyStatements, gone: Iterable[Task], come: Iterable[Task]
) -> None:
    """Rows are written in one order by everybody, so that writers of one owner queue and do not deadlock."""
    changes: Counter[Tally] = Counter()
    for task in come:
        changes[task.owner_id, REVISION, ""] += 1
        for tally, amount in tallied(task):
            changes[tally] += amount
    for task in gone:
        changes[task.owner_id, REVISION, ""] += 1
        for tally, amount in tallied(task):
            changes[tally] -= amount
    rows: list[dict[str, Any]] = [
        {"owner_id": owner_id, "kind": kind, "key": key, "amount": amount}
        for (owner_id, kind, key), amount in sorted(changes.items())
        if amount
    ]
    if rows:
        await transaction.execute(statements.add, *rows)
    if less := [row for row in rows if row["amount"] < 0]:
        await transaction.execute(statements.drop_empty, *less)
