"""What the core asks of a storage. `tests/contracts/storage.py` says the same in tests, for every adapter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Protocol, Self

from application.ports.accounts import ResetTokenRepository, SessionRepository, UserRepository
from application.ports.files import FileRepository
from application.ports.idempotency import IdempotencyRecords
from application.ports.jobs import JobQueue
from application.ports.position import Position
from domain.history import TaskChange
from domain.statistics import Statistics
from domain.tag import Tag, TagCount
from domain.task import Task, TaskId
from domain.task_query import TaskCriteria, TaskOrder
from domain.user import UserId


class StorageUnavailable(Exception):
    """The storage can't be reached, or the connection broke while it was committing: whether it did is unknown."""


class TransientStorageError(Exception):
    """Nothing was stored and the same use case may succeed if run again: a deadlock, a serialization
    failure, or a connection lost before the commit was asked for."""


@dataclass(frozen=True, slots=True)
class TaskSlice:
    """`total` counts all that match; None if that was not asked for."""

    tasks: list[Task]
    total: int | None


class TaskRepository(Protocol):
    """Tasks, always seen through the eyes of their owner.

    Writes are seen by later reads of the same unit of work. Several tasks may be written at once;
    if one is refused, the unit of work is to be left without commit.
    """

    async def add(self, *tasks: Task) -> None:
        """Raises UserNotFound if an owner does not exist."""
        ...

    async def get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        """Raises TaskNotFound if there is none, or it belongs to someone else."""
        ...

    async def get_many(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[Task]:
        """In the order asked. Raises TaskNotFound with every id that `get` would not find."""
        ...

    async def find(
        self,
        criteria: TaskCriteria,
        order: TaskOrder,
        *,
        owner_id: UserId,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> TaskSlice:
        """The tasks that `criteria.match`, by `order.key` and then id, up to `limit`.

        They begin after `after`, or else after `skip` tasks. With `count` the slice has the total:
        exact if `criteria.is_plain`, otherwise counted up to TOTAL_CAP + 1.
        """
        ...

    async def revision(self, *, owner_id: UserId) -> int:
        """Greater with every task of the owner that a commit wrote: what was found out about them before is still so
        while this is the same."""
        ...

    async def with_tag(self, tag: Tag, *, owner_id: UserId, limit: int) -> list[Task]:
        """Up to `limit` tasks that carry `tag`, by id."""
        ...

    async def save(self, *tasks: Task) -> None:
        """Store these versions, each in place of the one before it.

        Raises StaleTask if another version was stored meanwhile, TaskNotFound if it is gone.
        """
        ...

    async def remove(self, *tasks: Task) -> None:
        """With the files that belong to them.

        Raises StaleTask if another version was stored meanwhile, TaskNotFound if one is gone.
        """
        ...

    async def tag_counts(self, *, owner_id: UserId, only: Tag | None = None) -> list[TagCount]:
        """The tags in use, by name; of one tag with `only`."""
        ...

    async def statistics(self, now: datetime, zone: tzinfo, *, owner_id: UserId) -> Statistics:
        """What `domain.statistics.statistics_of` says of all the owner's tasks."""
        ...


@dataclass(frozen=True, slots=True)
class ChangeSlice:
    """`total` is None if it was not asked for, and counted up to TOTAL_CAP + 1."""

    changes: list[TaskChange]
    total: int | None


class TaskHistory(Protocol):
    """What became of tasks. It goes with its task."""

    async def add(self, *changes: TaskChange) -> None:
        """Raises TaskNotFound if a task does not exist."""
        ...

    async def of_task(
        self,
        task_id: TaskId,
        *,
        owner_id: UserId,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> ChangeSlice:
        """By version, the newest first, after the version that is `after.key`, or else after `skip` changes."""
        ...

    async def of_owner(self, owner_id: UserId, *, limit: int, after: TaskChange | None = None) -> list[TaskChange]:
        """By task and version, after this one."""
        ...


class UnitOfWork(Protocol):
    """One transaction: what it wrote is stored by `commit`, all of it or nothing, and undone otherwise.

    Enter it once; use it from one task. Reads before the first write each see what was committed when they ran.
    """

    @property
    def tasks(self) -> TaskRepository: ...

    @property
    def history(self) -> TaskHistory: ...

    @property
    def files(self) -> FileRepository: ...

    @property
    def users(self) -> UserRepository: ...

    @property
    def sessions(self) -> SessionRepository: ...

    @property
    def reset_tokens(self) -> ResetTokenRepository: ...

    @property
    def idempotency(self) -> IdempotencyRecords: ...

    @property
    def jobs(self) -> JobQueue: ...

    async def commit(self) -> None:
        """Everything written is durable when this returns. The unit of work is over then."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


UnitOfWorkFactory = Callable[[], UnitOfWork]


class Storage(Protocol):
    """Every method of it and of what it opens may raise StorageUnavailable or TransientStorageError."""

    def unit_of_work(self) -> UnitOfWork: ...

    async def open(self) -> None:
        """Make ready for use. Raises what tells an operator why it can't be used."""
        ...

    async def check(self) -> None:
        """Raises if it can't be asked now."""
        ...

    async def close(self) -> None: ...
