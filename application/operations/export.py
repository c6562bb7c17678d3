from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from application.platform.clock import Clock
from application.platform.paging import Identified, Order, Position
from application.platform.retry import retried
from application.storage import UnitOfWork
from domain.files.file import File, FileFilter, NewestFirst
from domain.identity.session import Session
from domain.identity.user import User, UserId
from domain.tasks.history import TaskChange
from domain.tasks.task import Task
from domain.tasks.task_query import SortField, TaskFilter, TaskOrder

T = TypeVar("T")

_AT_ONCE: Final = 500
_OLDEST_FIRST: Final = TaskOrder(SortField.CREATED_AT, descending=False)
_NEWEST_FIRST: Final = NewestFirst()


@dataclass(frozen=True, slots=True)
class AccountExport:
    """Everything stored about a user. What there may be very many of comes in batches: tasks the oldest first,
    what became of them by task, files the newest first."""

    exported_at: datetime
    user: User
    sessions: list[Session]
    tasks: AsyncIterator[list[Task]]
    history: AsyncIterator[list[TaskChange]]
    files: AsyncIterator[list[File]]


class ExportService:
    """A person's data, for that person to take along (GDPR, article 20)."""

    def __init__(self, unit_of_work: Callable[[], UnitOfWork], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    @retried
    async def export(self, user_id: UserId) -> AccountExport:
        """Raises UserNotFound."""
        async with self._unit_of_work() as uow:
            user, sessions = await uow.users.get(user_id), await uow.sessions.of_user(user_id)
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
        everything, after = TaskFilter().criteria(self._clock.now(), UTC), _after(last, _OLDEST_FIRST)
        async with self._unit_of_work() as uow:
            found = await uow.tasks.find(everything, _OLDEST_FIRST, owner_id=user_id, limit=_AT_ONCE, after=after)
        return found.tasks

    @retried
    async def _history(self, user_id: UserId, last: TaskChange | None) -> list[TaskChange]:
        async with self._unit_of_work() as uow:
            return await uow.history.of_owner(user_id, limit=_AT_ONCE, after=last)

    @retried
    async def _files(self, user_id: UserId, last: File | None) -> list[File]:
        after = _after(last, _NEWEST_FIRST)
        async with self._unit_of_work() as uow:
            return (await uow.files.find(FileFilter(), owner_id=user_id, limit=_AT_ONCE, after=after)).files


async def _batches(fetch: Callable[[T | None], Awaitable[list[T]]]) -> AsyncIterator[list[T]]:
    """Each after the last of the one before."""
    last: T | None = None
    while batch := await fetch(last):
        yield batch
        last = batch[-1]


def _after(last: Identified | None, order: Order) -> Position | None:
    return None if last is None else Position(order.key(last), last.id)
