"""Ports of the file use cases: a repository for metadata and a store for contents."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol
from uuid import UUID

from application.jobs.ports import JobQueue
from application.platform.access import AccessUnitOfWork
from application.platform.idempotency import IdempotencyUnitOfWork
from application.platform.paging import Slice, Window
from domain.files.file import File, FileFilter, FileId
from domain.identity.user import UserId
from domain.tasks.task import Task, TaskId


class FileRepository(Protocol):
    """Metadata of the files of one owner. Deleting a task or a user also deletes its files."""

    async def add(self, file: File) -> None:
        """Store a new file.

        Raises:
            UserNotFound: The owner does not exist.
            TaskNotFound: The owner has no such task.
        """
        ...

    async def get(self, file_id: FileId, *, owner_id: UserId) -> File:
        """Return a file of the owner.

        Raises:
            FileNotFound: The owner has no such file.
        """
        ...

    async def find(
        self,
        filter: FileFilter,
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[File]:
        """Return the files that `filter.match` accepts, sorted by `NewestFirst`."""
        ...

    async def find_of_tasks(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[File]:
        """Return the files of the given tasks, sorted by id."""
        ...

    async def remove(self, file: File) -> None:
        """Delete a file.

        Raises:
            FileNotFound: The file does not exist.
        """
        ...

    async def used_bytes(self, *, owner_id: UserId, lock: bool = False) -> int:
        """Return the total bytes of the blocks that the owner's files take; see `whole_blocks`.

        Args:
            owner_id: The owner of the files.
            lock: Lock the owner until the unit of work ends, so that concurrent uploads cannot exceed the quota.

        Raises:
            UserNotFound: The owner does not exist; checked only with `lock`.
        """
        ...

    async def find_existing(self, file_ids: Collection[FileId], *, owner_id: UserId) -> set[FileId]:
        """Return which of the ids belong to files of the owner."""
        ...


FileStoreId = NewType("FileStoreId", UUID)


class FileStoreIdRepository(Protocol):
    """The random id that the database shares with its file store."""

    async def find(self) -> FileStoreId | None:
        """Return the id, or None before it is added."""
        ...

    async def add(self, store_id: FileStoreId) -> None:
        """Store the id, unless there is one already."""
        ...


class ForeignFileStore(Exception):
    """The file store belongs to another database. The message explains to the operator what to do."""


class FileStoreUnavailable(Exception):
    """The file store is unreachable or full. An object that was being written is not visible."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a file store."""

    key: str
    size: int
    modified_at: datetime


class FileStore(Protocol):
    """Objects under keys. A key consists of segments of letters, digits and dashes, separated by slashes.

    Every method may raise FileStoreUnavailable.
    """

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Write an object. It becomes visible when it is complete, and is durable when the method returns.

        If `chunks` raises, nothing remains. If the call is cancelled at the end, the whole object may remain.
        """
        ...

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Return the bytes from `start` (inclusive) to `end` (exclusive), in chunks.

        Raises:
            FileNotFound: There is no object under this key.
        """
        ...

    async def remove(self, *keys: str) -> None:
        """Delete objects. Missing objects are ignored."""
        ...

    def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """List all objects, or those whose key has this first segment.

        The list includes partial objects, which a crash may leave: they have the intended key with a suffix
        after a dot. `remove` accepts these keys too.
        """
        ...

    async def check(self) -> None:
        """Check with one cheap request that the store is available."""
        ...


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
    def files(self) -> FileRepository:
        """The repository of files."""
        ...

    @property
    def file_store_id(self) -> FileStoreIdRepository:
        """The id of the file store."""
        ...

    @property
    def tasks(self) -> TaskLookup:
        """The tasks that files can belong to."""
        ...

    @property
    def jobs(self) -> JobQueue:
        """Jobs, added in the same transaction."""
        ...
