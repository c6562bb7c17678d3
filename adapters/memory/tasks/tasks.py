from collections import defaultdict
from collections.abc import Iterable, Sequence

from adapters.memory.engine.transaction import RequireOpen, Staged, WriteLock
from adapters.memory.tasks.scanning import ScanningTasks
from domain.errors import StaleTask, TaskNotFound, TasksNotFound, UserNotFound
from domain.files.file import File, FileId
from domain.identity.user import User, UserId
from domain.tasks.counters import CounterKey, CounterKind
from domain.tasks.history import TaskChange
from domain.tasks.task import Task, TaskId


class TasksByOwner:
    """The tasks of each owner as one transaction sees them: the committed tasks with its own changes."""

    def __init__(self, rows: defaultdict[UserId, dict[TaskId, Task]], require_open: RequireOpen) -> None:
        self._rows = rows
        self._require_open = require_open
        self._staged: dict[UserId, Staged[TaskId, Task]] = {}

    def __getitem__(self, owner_id: UserId) -> Staged[TaskId, Task]:
        if owner_id not in self._staged:
            self._staged[owner_id] = Staged(self._rows[owner_id], self._require_open)
        return self._staged[owner_id]

    def apply(self) -> None:
        for staged in self._staged.values():
            staged.apply()


class InMemoryTaskRepository(ScanningTasks):
    def __init__(
        self,
        tasks: TasksByOwner,
        counters: Staged[CounterKey, int],
        history: Staged[TaskId, tuple[TaskChange, ...]],
        files: Staged[FileId, File],
        users: Staged[UserId, User],
        lock: WriteLock,
    ) -> None:
        self._tasks = tasks
        self._counters = counters
        self._history = history
        self._files = files
        self._users = users
        self._lock = lock

    async def add(self, *tasks: Task) -> None:
        await self._lock.acquire()
        for task in tasks:
            if self._users.get(task.owner_id) is None:
                raise UserNotFound
            self._tasks[task.owner_id].put(task.id, task)

    async def get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        task = self._tasks[owner_id].get(task_id)
        if task is None:
            raise TaskNotFound(ids=[task_id])
        return task

    async def get_many(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[Task]:
        found = [self._tasks[owner_id].get(task_id) for task_id in task_ids]
        missing = [task_id for task_id, task in zip(task_ids, found, strict=True) if task is None]
        if missing:
            raise TasksNotFound(missing)
        return [task for task in found if task is not None]

    async def all_of(self, owner_id: UserId) -> Iterable[Task]:
        return self._tasks[owner_id].values()

    async def revision(self, *, owner_id: UserId) -> int:
        return self._counters.get(CounterKey(owner_id, CounterKind.REVISION)) or 0

    async def save(self, *tasks: Task) -> None:
        await self._lock.acquire()
        for task in tasks:
            self._check_version(task, task.version - 1)
            self._tasks[task.owner_id].put(task.id, task)

    async def remove(self, *tasks: Task) -> None:
        await self._lock.acquire()
        for task in tasks:
            self._check_version(task, task.version)
            for file in tuple(self._files.values()):
                if (file.owner_id, file.task_id) == (task.owner_id, task.id):
                    self._files.drop(file.id)
            self._tasks[task.owner_id].drop(task.id)
            self._history.drop(task.id)

    def _check_version(self, task: Task, version: int) -> None:
        stored = self._tasks[task.owner_id].get(task.id)
        if stored is None:
            raise TaskNotFound
        if stored.version != version:
            raise StaleTask
