import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, Self

from adapters.memory.audit.audit_events import InMemoryAuditEventRepository
from adapters.memory.engine.transaction import Rows, Staged, WriteLock
from adapters.memory.files.files import InMemoryFileRepository
from adapters.memory.files.store_id import InMemoryFileStoreIdRepository
from adapters.memory.identity.reset_tokens import InMemoryResetTokenRepository
from adapters.memory.identity.sessions import InMemorySessionRepository
from adapters.memory.identity.users import InMemoryUserRepository, UniqueNames, UserData
from adapters.memory.jobs.queue import InMemoryJobQueue
from adapters.memory.platform.idempotency import InMemoryIdempotencyRecords
from adapters.memory.tasks.counters import InMemoryTaskCounters
from adapters.memory.tasks.history import InMemoryTaskHistory
from adapters.memory.tasks.tasks import InMemoryTaskRepository, TasksByOwner
from application.platform.events import EventDispatcher
from application.platform.retry import must_lock_reads
from application.platform.unit_of_work import ManagedUnitOfWork
from domain.audit.audit_event import AuditEvent

NOW: Final = partial(datetime.now, UTC)


class InMemoryStorage:
    """Keep all data in this process, for tests and development. One unit of work writes at a time, as in SQLite.

    Entities are immutable, so no copies are needed.
    """

    is_process_local = True
    migrator = None
    copier = None

    def __init__(self, now: Callable[[], datetime] = NOW) -> None:
        self._rows = Rows()
        self._writing = asyncio.Lock()
        self._now = now

    def unit_of_work(self, dispatcher: EventDispatcher | None = None) -> "InMemoryUnitOfWork":
        return InMemoryUnitOfWork(self._rows, self._writing, self._now, dispatcher)

    async def check(self) -> None:
        pass


class InMemoryUnitOfWork(ManagedUnitOfWork):
    """Stage changes in memory and apply them at commit."""

    def __init__(
        self, rows: Rows, writing: asyncio.Lock, now: Callable[[], datetime], dispatcher: EventDispatcher | None
    ) -> None:
        super().__init__(dispatcher)
        is_open = self.require_open
        self._lock = lock = WriteLock(writing, is_open)
        users, sessions = Staged(rows.users, is_open), Staged(rows.sessions, is_open)
        names, reset_tokens = UniqueNames(rows, is_open), Staged(rows.reset_tokens, is_open)
        tasks, history = TasksByOwner(rows.tasks, is_open), Staged(rows.history, is_open)
        idempotency, jobs = Staged(rows.idempotency, is_open), Staged(rows.jobs, is_open)
        files, counters = Staged(rows.files, is_open), Staged(rows.counters, is_open)
        removed, store_ids = Staged(rows.removed_users, is_open), Staged(rows.file_store_id, is_open)
        audit_events = Staged(rows.audit_events, is_open)
        self._staged = (
            users,
            removed,
            names,
            sessions,
            reset_tokens,
            tasks,
            counters,
            history,
            idempotency,
            jobs,
            files,
            store_ids,
            audit_events,
        )
        user_data = UserData(removed, sessions, reset_tokens, files, tasks, counters, history, idempotency, jobs)
        self.users = InMemoryUserRepository(users, names, user_data, lock)
        self.sessions = InMemorySessionRepository(sessions, users, lock)
        self.reset_tokens = InMemoryResetTokenRepository(reset_tokens, users, lock)
        self.tasks = InMemoryTaskRepository(tasks, counters, history, files, users, lock)
        self.counters = InMemoryTaskCounters(counters, lock)
        self.history = InMemoryTaskHistory(history, tasks, lock)
        self.idempotency = InMemoryIdempotencyRecords(idempotency, users, lock)
        self.files = InMemoryFileRepository(files, users, tasks, lock)
        self.file_store_id = InMemoryFileStoreIdRepository(store_ids, lock)
        self.jobs = InMemoryJobQueue(jobs, lock, now)
        self.audit_events = InMemoryAuditEventRepository(audit_events, lock)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        if must_lock_reads():
            await self._lock.acquire()
        return self

    async def _add_records(self, records: Sequence[AuditEvent]) -> None:
        await self.audit_events.add(*records)

    async def _commit(self) -> None:
        for staged in self._staged:
            staged.apply()
        self._lock.release()

    async def _release(self) -> None:
        self._lock.release()
