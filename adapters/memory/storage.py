import asyncio
from types import TracebackType
from typing import Self

from adapters.memory.engine.transaction import Rows, Staged, WriteLock
from adapters.memory.files.files import InMemoryFileRepository
from adapters.memory.identity.reset_tokens import InMemoryResetTokenRepository
from adapters.memory.identity.sessions import InMemorySessionRepository
from adapters.memory.identity.users import InMemoryUserRepository, UniqueNames, UserData
from adapters.memory.jobs.queue import InMemoryJobQueue
from adapters.memory.platform.idempotency import InMemoryIdempotencyRecords
from adapters.memory.tasks.history import InMemoryTaskHistory
from adapters.memory.tasks.tasks import InMemoryTaskRepository, TasksByOwner


class InMemoryStorage:
    """Keep all data in this process, for tests and development. One unit of work writes at a time, as in SQLite.

    Entities are immutable, so no copies are needed.
    """

    def __init__(self) -> None:
        self._rows = Rows()
        self._writing = asyncio.Lock()

    def unit_of_work(self) -> "InMemoryUnitOfWork":
        return InMemoryUnitOfWork(self._rows, WriteLock(self._writing))

    async def open(self) -> None:
        pass

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        pass


class InMemoryUnitOfWork:
    """Stage changes in memory and apply them at commit."""

    def __init__(self, rows: Rows, lock: WriteLock) -> None:
        self._lock = lock
        users, sessions, reset_tokens = Staged(rows.users), Staged(rows.sessions), Staged(rows.reset_tokens)
        names, tasks, history = UniqueNames(rows), TasksByOwner(rows.tasks, rows.revisions), Staged(rows.history)
        idempotency, jobs, files = Staged(rows.idempotency), Staged(rows.jobs), Staged(rows.files)
        self._staged = (users, names, sessions, reset_tokens, tasks, history, idempotency, jobs, files)
        user_data = UserData(sessions, reset_tokens, files, tasks, history, idempotency)
        self.users = InMemoryUserRepository(users, names, user_data, lock)
        self.sessions = InMemorySessionRepository(sessions, users, lock)
        self.reset_tokens = InMemoryResetTokenRepository(reset_tokens, users, lock)
        self.tasks = InMemoryTaskRepository(tasks, history, files, users, lock)
        self.history = InMemoryTaskHistory(history, tasks, lock)
        self.idempotency = InMemoryIdempotencyRecords(idempotency, users, lock)
        self.files = InMemoryFileRepository(files, users, tasks, lock)
        self.jobs = InMemoryJobQueue(jobs, lock)

    async def commit(self) -> None:
        for staged in self._staged:
            staged.apply()
        self._lock.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release()
