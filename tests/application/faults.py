from collections.abc import Iterator
from types import TracebackType
from typing import Self

from application.platform.events import EventDispatcher
from application.storage import Storage, UnitOfWork


class FaultyStorage:
    """A storage whose commits fail.

    Each commit takes the next of `faults`: an error that it raises, or None. With `has_committed` the error is raised
    after the commit, otherwise instead of it.
    """

    is_process_local = True
    migrator = None
    copier = None

    def __init__(self, storage: Storage, faults: Iterator[Exception | None], *, has_committed: bool) -> None:
        self._storage = storage
        self._faults = faults
        self._has_committed = has_committed
        self.commits = 0

    def unit_of_work(self, dispatcher: EventDispatcher | None = None) -> UnitOfWork:
        return FaultyUnitOfWork(self._storage.unit_of_work(dispatcher), self)

    async def check(self) -> None:
        await self._storage.check()

    async def commit(self, uow: UnitOfWork) -> None:
        self.commits += 1
        fault = next(self._faults)
        if fault is None or self._has_committed:
            await uow.commit()
        if fault is not None:
            raise fault


class FaultyUnitOfWork:
    def __init__(self, uow: UnitOfWork, storage: FaultyStorage) -> None:
        self._uow = uow
        self._storage = storage
        self.tasks, self.history, self.counters = uow.tasks, uow.history, uow.counters
        self.files, self.idempotency = uow.files, uow.idempotency
        self.file_store_id = uow.file_store_id
        self.users, self.jobs = uow.users, uow.jobs
        self.sessions, self.reset_tokens = uow.sessions, uow.reset_tokens
        self.audit_events = uow.audit_events
        self.add_event = uow.add_event

    async def commit(self) -> None:
        await self._storage.commit(self._uow)

    async def __aenter__(self) -> Self:
        await self._uow.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._uow.__aexit__(kind, error, traceback)
