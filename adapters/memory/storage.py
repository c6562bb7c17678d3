import asyncio
from collections import defaultdict
from types import TracebackType
from typing import Self

from adapters.memory.tasks import InMemoryTaskRepository, TasksOf
from adapters.memory.transaction import Staged, WriteLock
from adapters.memory.users import InMemoryUserRepository
from domain.task import Task, TaskId
from domain.user import User, UserId


class InMemoryStorage:
    """Everything in this process and gone with it. One unit of work writes at a time, as on SQLite.

    Entities are values, so keeping one is keeping a copy.
    """

    def __init__(self) -> None:
        self._users: dict[UserId, User] = {}
        self._tasks: defaultdict[UserId, dict[TaskId, Task]] = defaultdict(dict)
        self._writing = asyncio.Lock()

    def unit_of_work(self) -> "InMemoryUnitOfWork":
        return InMemoryUnitOfWork(self._users, self._tasks, WriteLock(self._writing))

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass


class InMemoryUnitOfWork:
    def __init__(
        self, users: dict[UserId, User], tasks: defaultdict[UserId, dict[TaskId, Task]], lock: WriteLock
    ) -> None:
        self._users = Staged(users)
        self._tasks = TasksOf(tasks)
        self._lock = lock
        self.users = InMemoryUserRepository(self._users, lock)
        self.tasks = InMemoryTaskRepository(self._tasks, self._users, lock)

    async def commit(self) -> None:
        self._users.apply()
        self._tasks.apply()
        self._lock.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release()
