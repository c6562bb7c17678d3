from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from application.files.ports import FileRepository
from application.jobs.ports import JobQueue
from application.platform.access import AccessUnitOfWork
from application.platform.idempotency import IdempotencyUnitOfWork
from application.platform.paging import Position
from domain.identity.user import UserId
from domain.tasks.history import TaskChange
from domain.tasks.statistics import Statistics
from domain.tasks.tag import Tag, TagCount
from domain.tasks.task import Task, TaskId
from domain.tasks.task_query import TaskCriteria, TaskOrder


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
        """What `domain.tasks.statistics.statistics_of` says of all the owner's tasks."""
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


class TaskUnitOfWork(AccessUnitOfWork, IdempotencyUnitOfWork, Protocol):
    """The repositories that the task use cases need."""

    @property
    def tasks(self) -> TaskRepository: ...

    @property
    def history(self) -> TaskHistory: ...

    @property
    def files(self) -> FileRepository: ...

    @property
    def jobs(self) -> JobQueue: ...
