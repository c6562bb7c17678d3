from adapters.memory.engine.slices import slice_of
from adapters.memory.engine.transaction import Staged, WriteLock
from adapters.memory.tasks.tasks import TasksByOwner
from application.platform.paging import TOTAL_CAP, Slice, Window
from domain.errors import TaskNotFound
from domain.identity.user import UserId
from domain.tasks.history import NewestFirst, TaskChange
from domain.tasks.task import TaskId


class InMemoryTaskHistory:
    def __init__(self, history: Staged[TaskId, tuple[TaskChange, ...]], tasks: TasksByOwner, lock: WriteLock) -> None:
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
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[TaskChange]:
        changes = [change for change in self._history.get(task_id) or () if change.owner_id == owner_id]
        return slice_of(changes, NewestFirst(), window, total=min(len(changes), TOTAL_CAP + 1))

    async def of_owner(self, owner_id: UserId, *, limit: int, after: TaskChange | None = None) -> list[TaskChange]:
        own = (change for task in self._tasks[owner_id].values() for change in self._history.get(task.id) or ())
        return [
            change for change in sorted(own, key=_sort_key) if after is None or _sort_key(change) > _sort_key(after)
        ][:limit]


def _sort_key(change: TaskChange) -> tuple[TaskId, int]:
    return change.task_id, change.version
