from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from application.ports.clock import Clock
from application.ports.position import Position
from application.ports.storage import UnitOfWorkFactory
from application.retry import retried
from domain.file import File, FileFilter, NewestFirst
from domain.history import TaskChange
from domain.session import Session
from domain.task import Task
from domain.task_query import SortField, TaskFilter, TaskOrder
from domain.user import User, UserId

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

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    @retried
    async def export(self, user_id: UserId) -> AccountExport:
        """Raises UserNotFound."""
        async with self._unit_of_work() as uow:
            user, sessions = await uow.users.get(user_id), await uow.sessions.of_user(user_id)
        return AccountExport(
            self._clock.now(), user, sessions, self._tasks(user_id), self._history(user_id), self._files(user_id)
        )

    async def _tasks(self, user_id: UserId) -> AsyncIterator[list[Task]]:
        after: Position | None = None
        while batch := await self._batch(user_id, after):
            yield batch
            after = Position(_OLDEST_FIRST.key(batch[-1]), batch[-1].id)

    async def _history(self, user_id: UserId) -> AsyncIterator[list[TaskChange]]:
        after: TaskChange | None = None
        while batch := await self._changes(user_id, after):
            yield batch
            after = batch[-1]

    @retried
    async def _changes(self, user_id: UserId, after: TaskChange | None) -> list[TaskChange]:
        async with self._unit_of_work() as uow:
            return await uow.history.of_owner(user_id, limit=_AT_ONCE, after=after)

    async def _files(self, user_id: UserId) -> AsyncIterator[list[File]]:
        after: Position | None = None
        while batch := await self._batch_of_files(user_id, after):
            yield batch
            after = Position(_NEWEST_FIRST.key(batch[-1]), batch[-1].id)

    @retried
    async def _batch_of_files(self, user_id: UserId, after: Position | None) -> list[File]:
        async with self._unit_of_work() as uow:
            return (await uow.files.find(FileFilter(), owner_id=user_id, limit=_AT_ONCE, after=after)).files

    @retried
    async def _batch(self, user_id: UserId, after: Position | None) -> list[Task]:
        everything = TaskFilter().criteria(self._clock.now(), UTC)
        async with self._unit_of_work() as uow:
            found = await uow.tasks.find(everything, _OLDEST_FIRST, owner_id=user_id, limit=_AT_ONCE, after=after)
        return found.tasks
