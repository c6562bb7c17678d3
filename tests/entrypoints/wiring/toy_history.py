"""The history of the toy storage."""

from application.platform.paging import TOTAL_CAP, Position
from application.tasks.ports import ChangeSlice
from domain.errors import TaskNotFound
from domain.identity.user import UserId
from domain.tasks.history import TaskChange
from domain.tasks.task import TaskId
from tests.entrypoints.wiring.toy_accounts import Access


class ToyHistory:
    def __init__(self, uow: Access) -> None:
        self._uow = uow

    async def add(self, *changes: TaskChange) -> None:
        lists = await self._uow.write()
        for change in changes:
            if (change.owner_id, change.task_id) not in [(task.owner_id, task.id) for task in lists.tasks]:
                raise TaskNotFound
            lists.changes.append(change)

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
        own = [
            change for change in self._uow.read().changes if (change.owner_id, change.task_id) == (owner_id, task_id)
        ]
        own.sort(key=lambda change: -change.version)
        rest = own[skip:] if after is None else [change for change in own if change.version < int(after.key)]
        return ChangeSlice(rest[:limit], min(len(own), TOTAL_CAP + 1) if count else None)

    async def of_owner(self, owner_id: UserId, *, limit: int, after: TaskChange | None = None) -> list[TaskChange]:
        own = [change for change in self._uow.read().changes if change.owner_id == owner_id]
        own.sort(key=lambda change: (change.task_id, change.version))
        rest = own[own.index(after) + 1 :] if after in own else own
        return rest[:limit]
