"""A storage whose tasks are kept apart from the rest. See docs/decisions/0036-compose-a-storage.md."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Self, cast

from adapters.composed.overriding import overriding
from adapters.composed.tasks import ComposedTasks
from application.identity.ports import PurgePosition
from application.platform.events import EventDispatcher
from application.platform.unit_of_work import ManagedUnitOfWork, StorageUnavailable, TransientStorageError
from application.storage import Migrator, Storage, UnitOfWork
from application.tasks.ports import TaskCounters, TaskHistory, TaskRepository, TaskStorage, TaskTransaction
from domain.audit.audit_event import AuditEvent
from domain.errors import UserNotFound
from domain.identity.user import UserId


class ComposedStorage:
    """Tasks with their counters and history in one storage, everything else in another one.

    A unit of work is a transaction of each. `tasks` commits first. If `rest` then does not commit, the changes of tasks
    remain, and what belongs to them in `rest` is missing: the response of the idempotency key, and jobs.
    """

    copier = None

    def __init__(self, *, tasks: TaskStorage, rest: Storage) -> None:
        self._tasks = tasks
        self._rest = rest
        self._opened = AsyncExitStack()

    @property
    def is_process_local(self) -> bool:
        return self._rest.is_process_local

    @property
    def migrator(self) -> Migrator | None:
        return self._rest.migrator

    def unit_of_work(self, dispatcher: EventDispatcher | None = None) -> UnitOfWork:
        return cast(UnitOfWork, ComposedUnitOfWork(self._tasks.transaction(), self._rest.unit_of_work(), dispatcher))

    async def check(self) -> None:
        await self._rest.check()
        await self._tasks.check()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opened:
            for storage in (self._rest, self._tasks):
                if isinstance(storage, AbstractAsyncContextManager):
                    await opened.enter_async_context(storage)
            self._opened = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()


class ComposedUnitOfWork(ManagedUnitOfWork):
    """The repositories of tasks on one transaction, and all others on a unit of work of the rest."""

    def __init__(self, transaction: TaskTransaction, rest: UnitOfWork, dispatcher: EventDispatcher | None) -> None:
        super().__init__(dispatcher)
        self._transaction = transaction
        self._rest = rest
        self._composed = ComposedTasks(transaction.tasks, rest)
        self._entered = AsyncExitStack()
        self._purged = False
        self.files = overriding(rest.files, add=self._composed.add_file)
        self.users = overriding(rest.users, purge=self._purge)

    def __getattr__(self, name: str) -> Any:
        """Return a repository of the rest."""
        return getattr(self._rest, name)

    @property
    def tasks(self) -> TaskRepository:
        self.require_open()
        return self._composed.repository

    @property
    def counters(self) -> TaskCounters:
        self.require_open()
        return self._transaction.counters

    @property
    def history(self) -> TaskHistory:
        self.require_open()
        return self._transaction.history

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        async with AsyncExitStack() as entered:
            await entered.enter_async_context(self._rest)
            await entered.enter_async_context(self._transaction)
            self._entered = entered.pop_all()
        return self

    async def _add_records(self, records: Sequence[AuditEvent]) -> None:
        await self._rest.audit_events.add(*records)

    async def _commit(self) -> None:
        await self._transaction.commit()
        try:
            await self._rest.commit()
        except TransientStorageError as error:
            if self._composed.has_written or self._purged:  # a retry would write the tasks again
                raise StorageUnavailable("the tasks were stored, but what belongs to them was not") from error
            raise

    async def _release(self) -> None:
        await self._entered.aclose()

    async def _purge(self, user_id: UserId, *, limit: int, after: PurgePosition = ()) -> PurgePosition | None:
        position = await self._rest.users.purge(user_id, limit=limit, after=after)
        try:
            await self._rest.users.get(user_id)
        except UserNotFound:
            self._purged = True
            remains = await self._transaction.purge(user_id, limit=limit)
            return () if remains and position is None else position
        return position
