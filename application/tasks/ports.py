from collections.abc import Sequence
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Protocol, Self

from application.files.ports import FileRepository
from application.jobs.ports import JobQueue
from application.platform.access import AccessUnitOfWork
from application.platform.idempotency import IdempotencyUnitOfWork
from application.platform.paging import Slice, Window
from domain.identity.user import UserId
from domain.tasks.counters import CounterAmounts, CounterChanges
from domain.tasks.history import TaskChange
from domain.tasks.statistics import Statistics
from domain.tasks.tag import Tag, TagCount
from domain.tasks.tag_query import TagFilter
from domain.tasks.task import Task, TaskId
from domain.tasks.task_query import TaskCriteria, TaskOrder


class TaskRepository(Protocol):
    """Tasks. Every look-up takes the owner, so that tasks of other users are not found.

    The writes store rows only. `application.tasks.recording` writes tasks together with their history and counters;
    totals, tag counts and statistics may come from the counters.

    Later reads of the same unit of work see the writes. If a write of several tasks raises an error,
    the caller must not commit.
    """

    async def add(self, *tasks: Task) -> None:
        """Add new tasks.

        Raises:
            UserNotFound: An owner does not exist.
        """
        ...

    async def get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        """Return one task of the owner.

        Raises:
            TaskNotFound: The owner has no such task.
        """
        ...

    async def get_many(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[Task]:
        """Return several tasks of the owner, in the order of `task_ids`.

        Raises:
            TasksNotFound: The owner does not have all tasks.
        """
        ...

    async def find(
        self,
        criteria: TaskCriteria,
        order: TaskOrder,
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[Task]:
        """Return the tasks that `criteria.match` accepts, sorted by `order.key` and id.

        The total is exact if `criteria.has_stored_total`; otherwise it is counted up to TOTAL_CAP + 1.
        """
        ...

    async def revision(self, *, owner_id: UserId) -> int:
        """Return the amount of the owner's REVISION counter: the number of writes to their tasks so far.

        Results of earlier queries are valid as long as the revision is the same.
        """
        ...

    async def with_tag(self, tag: Tag, *, owner_id: UserId, limit: int, after: TaskId | None = None) -> list[Task]:
        """Return up to `limit` tasks that have the tag, sorted by id, starting after the id `after`."""
        ...

    async def save(self, *tasks: Task) -> None:
        """Replace the previous version of each task by the given one.

        Raises:
            StaleTask: Another version of a task is stored.
            TaskNotFound: A task does not exist any more.
        """
        ...

    async def remove(self, *tasks: Task) -> None:
        """Remove tasks with their history and the records of their files.

        Raises:
            StaleTask: Another version of a task is stored.
            TaskNotFound: A task does not exist any more.
        """
        ...

    async def count_tag(self, tag: Tag, *, owner_id: UserId) -> int:
        """Return the number of the owner's tasks that have the tag."""
        ...

    async def find_tags(self, filter: TagFilter, *, owner_id: UserId, limit: int, after: str = "") -> list[TagCount]:
        """Return up to `limit` tags in use that the filter accepts, with their numbers of tasks.

        They are sorted by name, by code point, and start after the name `after`.
        """
        ...

    async def statistics(self, now: datetime, zone: tzinfo, *, owner_id: UserId) -> Statistics:
        """Return the result of `compute_statistics` for all tasks of the owner."""
        ...


class TaskCounters(Protocol):
    """Counters of tasks; see `domain.tasks.counters`. They are removed with their owner."""

    async def add(self, changes: CounterChanges) -> CounterAmounts:
        """Add amounts to counters, in the unit of work that writes the tasks. Return the amounts afterwards.

        A counter that becomes 0 is removed. Other units of work that change one of the counters wait for the end of
        this one.
        """
        ...

    async def count_tags(self, *, owner_id: UserId, limit: int) -> int:
        """Count the different tags of the owner, up to `limit`."""
        ...


class TaskHistory(Protocol):
    """The changes of tasks. They are removed with their task."""

    async def add(self, *changes: TaskChange) -> None:
        """Add changes, each with the version of the task that it made.

        Raises:
            TaskNotFound: A task does not exist.
        """
        ...

    async def of_task(
        self,
        task_id: TaskId,
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[TaskChange]:
        """Return the changes of a task, newest version first. `window.after.key` is a version."""
        ...

    async def of_owner(self, owner_id: UserId, *, limit: int, after: TaskChange | None = None) -> list[TaskChange]:
        """Return changes of all tasks of an owner, sorted by task and version, starting after the change `after`."""
        ...


class TaskRepositories(Protocol):
    """Tasks, and what changes together with them."""

    @property
    def tasks(self) -> TaskRepository:
        """The repository of tasks."""
        ...

    @property
    def counters(self) -> TaskCounters:
        """The counters of tasks."""
        ...

    @property
    def history(self) -> TaskHistory:
        """Changes of tasks."""
        ...


class TaskUnitOfWork(TaskRepositories, AccessUnitOfWork, IdempotencyUnitOfWork, Protocol):
    """The repositories that the task use cases need."""

    @property
    def files(self) -> FileRepository:
        """Files of tasks, which are deleted with them."""
        ...

    @property
    def jobs(self) -> JobQueue:
        """Background jobs."""
        ...


class TaskTransaction(TaskRepositories, Protocol):
    """One transaction of a TaskStorage: `commit` stores all writes or none; leaving without a commit rolls them back.

    Later reads of the same transaction see its writes; other transactions see them after the commit. It is entered
    once, and connects with its first statement. Writers of one owner wait for each other before they call it. The
    owners of the tasks exist; users and files are not part of this storage.
    """

    async def purge(self, owner_id: UserId, *, limit: int) -> bool:
        """Delete up to `limit` tasks of a removed owner with their history, and the counters with the last task.

        Return whether tasks remain.
        """
        ...

    async def commit(self) -> None:
        """Make all writes durable.

        Raises:
            StorageUnavailable: The connection broke. It is unknown whether the writes were committed.
            TransientStorageError: Nothing was committed.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class TaskStorage(Protocol):
    """A storage of tasks with their counters and history, beside a storage of everything else.

    Every method of it and of its transactions may raise StorageUnavailable or TransientStorageError. A storage that
    holds connections is also an async context manager.
    """

    def transaction(self) -> TaskTransaction:
        """Return a new transaction."""
        ...

    async def check(self) -> None:
        """Raise an error if the storage does not answer or accepts no writes."""
        ...
