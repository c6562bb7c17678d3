from adapters.memory.engine.transaction import Staged, WriteLock
from adapters.memory.tasks.tasks import TasksOf
from application.platform.paging import TOTAL_CAP, Position
from application.tasks.ports import ChangeSlice
from domain.errors import TaskNotFound
from domain.identity.user import UserId
from domain.tasks.history import TaskChange
from domain.tasks.task import TaskId


class InMemoryTaskHistory:
    def __init__(self, history: Staged[TaskId, tuple[TaskChange, ...]], tasks: TasksOf, lock: WriteLock) -> None:
        self._history = history
        self._tasks = tasks
        self._lock = lock

    async def add(self, *changes: TaskChange) -> None:
        await self._lock.acquire()
        for change in changes:
            if self._tasks[change.owner_id].get(change.task_id) is None:
                raise TaskNotFound
            self._history.put(change.task_id, (*(self._history.get(change.task_id) or ()), change))

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
        changes = [change for change in self._history.get(task_id) or () if change.owner_id == owner_id]
        changes.sort(key=lambda change: change.version, reverse=True)
        total = min(len(changes), TOTAL_CAP + 1) if count else None
        if after is not None:
            changes, skip = [change for change in changes if change.version < int(after.key)], 0
        return ChangeSlice(changes[skip : skip + limit], total)

    async def of_owner(self, owner_id: UserId, *, limit: int, after: TaskChange | None = None) -> list[TaskChange]:
        own = (change for task in self._tasks[owner_id].values() for change in self._history.get(task.id) or ())
        return [change for change in sorted(own, key=_place) if after is None or _place(change) > _place(after)][:limit]


def _place(change: TaskChange) -> tuple[TaskId, int]:
    return change.task_id, change.version
