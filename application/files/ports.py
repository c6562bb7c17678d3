"""What the core asks of wherever files lie: what is told about them, and their bytes."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.jobs.ports import JobQueue
from application.platform.access import AccessUnitOfWork
from application.platform.idempotency import IdempotencyUnitOfWork
from application.platform.paging import Position
from domain.files.file import File, FileFilter, FileId
from domain.identity.user import UserId
from domain.tasks.task import Task, TaskId


@dataclass(frozen=True, slots=True)
class FileSlice:
    """`total` is None if it was not asked for, and counted up to TOTAL_CAP + 1."""

    files: list[File]
    total: int | None


class FileRepository(Protocol):
    """What is told about files, always seen through the eyes of their owner. A task or a user takes its own along."""

    async def add(self, file: File) -> None:
        """Raises UserNotFound, TaskNotFound if it belongs to a task that is not there, or not the owner's."""
        ...

    async def get(self, file_id: FileId, *, owner_id: UserId) -> File:
        """Raises FileNotFound if there is none, or it belongs to someone else."""
        ...

    async def find(
        self,
        filter: FileFilter,
        *,
        owner_id: UserId,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> FileSlice:
        """The files that `filter.match`, by `NewestFirst`, up to `limit`. They begin after `after`, or else after
        `skip` files."""
        ...

    async def of_tasks(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[File]:
        """By id."""
        ...

    async def remove(self, file: File) -> None:
        """Raises FileNotFound."""
        ...

    async def used_bytes(self, *, owner_id: UserId, lock: bool = False) -> int:
        """The sizes of all the owner's files together.

        With `lock` whoever else asks so waits until this unit of work ends. Raises UserNotFound then.
        """
        ...

    async def existing(self, file_ids: Collection[FileId], *, owner_id: UserId) -> set[FileId]:
        """Those of them that there are."""
        ...


class FileStoreUnavailable(Exception):
    """It can't be reached, or there is no room left in it. Nothing can be seen of what was being put."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    key: str
    size: int
    modified_at: datetime


class FileStore(Protocol):
    """Bytes under keys: segments of letters, digits and dashes, separated by slashes.

    Every method may raise FileStoreUnavailable.
    """

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """All of them, durable when this returns, and before that nothing is to be seen.

        Nothing is left if `chunks` raises; perhaps all, if this is cancelled at the end.
        """
        ...

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """From byte `start` up to `end`, itself excluded, in pieces. Raises FileNotFound."""
        ...

    async def remove(self, *keys: str) -> None:
        """What is not there is removed already."""
        ...

    def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """All below this first segment, or everywhere; also halves that a crash left, under the key they were to have
        and a suffix after a dot. All can be removed."""
        ...

    async def check(self) -> None:
        """Whether it can be reached, at the cost of one small question."""
        ...

    async def close(self) -> None: ...


class TaskLookup(Protocol):
    """The part of the task repository that the file use cases need."""

    async def get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        """Return a task of the owner.

        Raises:
            TaskNotFound: The owner has no such task.
        """
        ...


class FileUnitOfWork(AccessUnitOfWork, IdempotencyUnitOfWork, Protocol):
    """The repositories that the file use cases need."""

    @property
    def files(self) -> FileRepository: ...

    @property
    def tasks(self) -> TaskLookup: ...

    @property
    def jobs(self) -> JobQueue: ...
