from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Integer, Uuid, bindparam, func, insert, select, tuple_

from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.tasks import task_changes
from application.platform.paging import TOTAL_CAP, Slice, Window
from domain.errors import TaskNotFound
from domain.identity.user import UserId
from domain.tasks.history import FieldChange, TaskChange
from domain.tasks.task import TaskId

COLUMNS = (
    task_changes.c.id,
    task_changes.c.owner_id,
    task_changes.c.task_id,
    task_changes.c.version,
    task_changes.c.actor_id,
    task_changes.c.at,
    task_changes.c.changes,
)
_IS_OWNERS: Final = task_changes.c.owner_id == bindparam("owner_id", type_=Uuid)
_IS_TASKS: Final = _IS_OWNERS & (task_changes.c.task_id == bindparam("task_id", type_=Uuid))
_LIMIT: Final = bindparam("limit", type_=Integer)
_SKIP: Final = bindparam("skip", type_=Integer)

CHANGES_OF_TASK: Final = (
    select(*COLUMNS).where(_IS_TASKS).order_by(task_changes.c.version.desc()).limit(_LIMIT).offset(_SKIP)
)
CHANGES_OF_TASK_AFTER: Final = CHANGES_OF_TASK.where(task_changes.c.version < bindparam("after", type_=Integer))
COUNT_OF_TASK: Final = select(func.count()).select_from(
    select(task_changes.c.version).where(_IS_TASKS).limit(TOTAL_CAP + 1).subquery("some")
)

_KEY: Final = (task_changes.c.task_id, task_changes.c.version)
_POSITION: Final = tuple_(bindparam("after_task", type_=Uuid), bindparam("after_version", type_=Integer))
CHANGES_OF_OWNER: Final = select(*COLUMNS).where(_IS_OWNERS).order_by(*_KEY).limit(_LIMIT)
CHANGES_OF_OWNER_AFTER: Final = CHANGES_OF_OWNER.where(tuple_(*_KEY) > _POSITION)

INSERT_CHANGE: Final = insert(task_changes)

STORED_NAMES: Final = {"due": "due_date"}
"""Names of fields in stored changes, if they differ from the names in the domain."""
_FIELD_NAMES: Final = {stored: field for field, stored in STORED_NAMES.items()}


class SqlTaskHistory:
    """Changes of tasks in the table `task_changes`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, *changes: TaskChange) -> None:
        try:
            await self._transaction.execute(INSERT_CHANGE, *map(_to_row, changes))
        except ReferenceViolated as error:
            raise TaskNotFound from error

    async def of_task(
        self,
        task_id: TaskId,
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[TaskChange]:
        task = {"owner_id": owner_id, "task_id": task_id}
        position = {"skip": window.skip} if (after := window.after) is None else {"skip": 0, "after": after.key}
        rows = await self._transaction.fetch(
            CHANGES_OF_TASK if after is None else CHANGES_OF_TASK_AFTER, limit=window.limit, **task, **position
        )
        total = (await self._transaction.fetch(COUNT_OF_TASK, **task))[0][0] if window.is_counted else None
        return Slice([_from_row(row) for row in rows], total)

    async def of_owner(self, owner_id: UserId, *, limit: int, after: TaskChange | None = None) -> list[TaskChange]:
        position = {} if after is None else {"after_task": after.task_id, "after_version": after.version}
        query = CHANGES_OF_OWNER if after is None else CHANGES_OF_OWNER_AFTER
        rows = await self._transaction.fetch(query, owner_id=owner_id, limit=limit, **position)
        return [_from_row(row) for row in rows]


def _to_row(change: TaskChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "owner_id": change.owner_id,
        "task_id": change.task_id,
        "version": change.version,
        "actor_id": change.actor_id,
        "at": change.at,
        "changes": {STORED_NAMES.get(name, name): [each.old, each.new] for name, each in change.changes.items()},
    }


def _from_row(row: Sequence[Any]) -> TaskChange:
    id, owner_id, task_id, version, actor_id, at, changes = row
    return TaskChange(
        id=id,
        owner_id=owner_id,
        task_id=task_id,
        version=version,
        actor_id=actor_id,
        at=at,
        changes={_FIELD_NAMES.get(name, name): FieldChange(old, new) for name, (old, new) in changes.items()},
    )
