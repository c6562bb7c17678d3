from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Final, TypeVar

from application.operations.events import AccountExported
from application.platform.clock import Clock
from application.platform.events import RecordEvent
from application.platform.load import Overloaded
from application.platform.paging import Identified, Order, Position, Window
from application.platform.rate_limits import TooManyRequests
from application.platform.retry import retried
from application.platform.time_limit import REQUEST_SECONDS, limit_time
from application.storage import UnitOfWork
from domain.errors import UserNotFound
from domain.files.file import File, FileFilter, NewestFirst
from domain.identity.actor import Actor
from domain.identity.session import Session
from domain.identity.user import User, UserId
from domain.tasks.history import TaskChange
from domain.tasks.task import Task
from domain.tasks.task_query import SortField, TaskFilter, TaskOrder

T = TypeVar("T")

_BATCH_SIZE: Final = 100
"""Rows. A client that reads slowly keeps two batches in memory: one in the buffer of its connection, one that waits."""
_OLDEST_FIRST: Final = TaskOrder(SortField.CREATED_AT, descending=False)
_NEWEST_FIRST: Final = NewestFirst()


@dataclass(frozen=True, slots=True)
class AccountExport:
    """Everything that is stored about a user. Large lists come in batches.

    Tasks are sorted oldest first, their history by task, files newest first.
    """

    exported_at: datetime
    user: User
    sessions: list[Session]
    tasks: AsyncIterator[list[Task]]
    history: AsyncIterator[list[TaskChange]]
    files: AsyncIterator[list[File]]


class ExportRunning(TooManyRequests):
    """Another export of the user is still running in this process."""

    default_message = "another export of this account is running"


class ExportService:
    """Export the data of a user (GDPR, article 20: right to data portability).

    An export reads everything that a user has, so a process runs only one of each user and a few at a time.
    """

    MAX_RUNNING: ClassVar = 4

    def __init__(self, unit_of_work: Callable[[], UnitOfWork], record: RecordEvent, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._record = record
        self._clock = clock
        self._running: set[UserId] = set()

    @asynccontextmanager
    async def export(self, actor: Actor) -> AsyncIterator[AccountExport]:
        """Provide the actor's account and iterators that read the rest on demand, each batch in its own transaction.

        The export runs until the context is left, however that happens. Its start is a security event.

        Raises:
            ExportRunning: Another export of the actor is running.
            Overloaded: MAX_RUNNING exports of other users are running.
            UserNotFound: The account was deleted meanwhile.
        """
        user_id = actor.user_id
        if user_id in self._running:
            raise ExportRunning
        if len(self._running) >= self.MAX_RUNNING:
            raise Overloaded("too many exports are running")
        self._running.add(user_id)
        try:
            export = await self._begin(user_id)
            await self._record(AccountExported(user_id, user_id))
            yield export
        finally:
            self._running.discard(user_id)

    @retried
    async def _begin(self, user_id: UserId) -> AccountExport:
        async with self._unit_of_work() as uow:
            user, sessions = await uow.users.get(user_id), await uow.sessions.find_by_user(user_id)
        return AccountExport(
            self._clock.now(),
            user,
            sessions,
            tasks=_batches(partial(self._tasks, user_id)),
            history=_batches(partial(self._history, user_id)),
            files=_batches(partial(self._files, user_id)),
        )

    @retried
    async def _tasks(self, user_id: UserId, last: Task | None) -> list[Task]:
        all_tasks = TaskFilter().to_criteria(self._clock.now(), UTC)
        window = _next_batch(last, _OLDEST_FIRST)
        async with self._unit_of_work() as uow:
            if await _is_erased(uow, user_id):
                return []
            return (await uow.tasks.find(all_tasks, _OLDEST_FIRST, window, owner_id=user_id)).items

    @retried
    async def _history(self, user_id: UserId, last: TaskChange | None) -> list[TaskChange]:
        async with self._unit_of_work() as uow:
            if await _is_erased(uow, user_id):
                return []
            return await uow.history.of_owner(user_id, limit=_BATCH_SIZE, after=last)

    @retried
    async def _files(self, user_id: UserId, last: File | None) -> list[File]:
        async with self._unit_of_work() as uow:
            if await _is_erased(uow, user_id):
                return []
            return (await uow.files.find(FileFilter(), _next_batch(last, _NEWEST_FIRST), owner_id=user_id)).items


async def _is_erased(uow: UnitOfWork, user_id: UserId) -> bool:
    """Return whether the account was erased during the export. What it owned may still be stored."""
    try:
        await uow.users.get(user_id)
    except UserNotFound:
        return True
    return False


async def _batches(fetch: Callable[[T | None], Awaitable[list[T]]]) -> AsyncIterator[list[T]]:
    """Fetch batches until one is empty. Each starts after the last item of the previous batch."""
    batch = await _fetch_in_time(fetch, None)
    while batch:
        yield batch
        batch = await _fetch_in_time(fetch, batch[-1])


async def _fetch_in_time(fetch: Callable[[T | None], Awaitable[list[T]]], last: T | None) -> list[T]:
    """Fetch a batch with a time limit of its own. The limit of the request is for the start of the response."""
    with limit_time(REQUEST_SECONDS):
        return await fetch(last)


def _next_batch(last: Identified | None, order: Order) -> Window:
    return Window(limit=_BATCH_SIZE, after=None if last is None else Position(order.key(last), last.id))
