from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Dialect, Integer, Uuid, bindparam, func, insert, select, tuple_

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.tasks import task_changes
from application.platform.paging import TOTAL_CAP, Position
from application.tasks.ports import ChangeSlice
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
IS_OWNERS = task_changes.c.owner_id == bindparam("owner_id", type_=Uuid)
IS_TASKS = IS_OWNERS & (task_changes.c.task_id == bindparam("task_id", type_=Uuid))
LIMIT = bindparam("limit", type_=Integer)


class HistoryStatements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.of_task = lru_cache(maxsize=2)(self._of_task)
        self.of_owner = lru_cache(maxsize=2)(self._of_owner)

    @cached_property
    def insert(self) -> Statement:
        return Statement(insert(task_changes), self._dialect)

    @cached_property
    def count(self) -> Statement:
        some = select(task_changes.c.version).where(IS_TASKS).limit(TOTAL_CAP + 1).subquery("some")
        return Statement(select(func.count()).select_from(some), self._dialect)

    def _of_task(self, is_after: bool) -> Statement:
        rows = select(*COLUMNS).where(IS_TASKS).order_by(task_changes.c.version.desc())
        if is_after:
            rows = rows.where(task_changes.c.version < bindparam("after", type_=Integer))
        return Statement(rows.limit(LIMIT).offset(bindparam("skip", type_=Integer)), self._dialect)

    def _of_owner(self, is_after: bool) -> Statement:
        here = (task_changes.c.task_id, task_changes.c.version)
        rows = select(*COLUMNS).where(IS_OWNERS).order_by(*here)
        if is_after:
            place = tuple_(bindparam("after_task", type_=Uuid), bindparam("after_version", type_=Integer))
            rows = rows.where(tuple_(*here) > place)
        return Statement(rows.limit(LIMIT), self._dialect)


class SqlTaskHistory:
    def __init__(self, transaction: Transaction, statements: HistoryStatements) -> None:
        self._transaction = transaction
        self._statements = statements

    async def add(self, *changes: TaskChange) -> None:
        try:
            await self._transaction.execute(self._statements.insert, *map(_to_row, changes))
        except ReferenceViolated as error:
            raise TaskNotFound from error

    async def of_task(
        self,
        task_id: TaskId,
        *,
        owner_id: UserId,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> ChangeSlice:
        whose = {"owner_id": owner_id, "task_id": task_id}
        place = {"skip": skip} if after is None else {"skip": 0, "after": after.key}
        rows = await self._transaction.fetch(self._statements.of_task(after is not None), limit=limit, **whose, **place)
        total = (await self._transaction.fetch(self._statements.count, **whose))[0][0] if count else None
        return ChangeSlice([_from_row(row) for row in rows], total)

    async def of_owner(self, owner_id: UserId, *, limit: int, after: TaskChange | None = None) -> list[TaskChange]:
        place = {} if after is None else {"after_task": after.task_id, "after_version": after.version}
        statement = self._statements.of_owner(after is not None)
        rows = await self._transaction.fetch(statement, owner_id=owner_id, limit=limit, **place)
        return [_from_row(row) for row in rows]


def _to_row(change: TaskChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "owner_id": change.owner_id,
        "task_id": change.task_id,
        "version": change.version,
        "actor_id": change.actor_id,
        "at": change.at,
        "changes": {name: [each.old, each.new] for name, each in change.changes.items()},
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
        changes={name: FieldChange(old, new) for name, (old, new) in changes.items()},
    )
