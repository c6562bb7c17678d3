from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Unpack

from application.files.jobs import remove_bytes_jobs
from application.platform.access import visible_owner
from application.platform.clock import Clock
from application.platform.idempotency import IdempotentWrite
from application.platform.ids import NewId
from application.platform.paging import Page, Paging
from application.platform.retry import retried
from application.tasks.ports import TaskUnitOfWork
from application.tasks.recording import add_tasks, remove_tasks, save_tasks
from application.tasks.total_cache import TotalCache
from domain.calendar import Due
from domain.identity.actor import Actor
from domain.identity.user import UserId
from domain.tasks.history import HistoryFilter, NewestFirst, TaskChange
from domain.tasks.statistics import Statistics
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task, TaskChanges, TaskId
from domain.tasks.task_query import TaskFilter, TaskOrder
from domain.versions import ANY_VERSION, VersionMatch

FIRST_PAGE: Final = Paging()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask:
    """The fields of a new task."""

    title: str
    description: str | None = None
    status: Status | None = None
    completed: bool | None = None
    priority: Priority = Priority.MEDIUM
    due: Due | None = None
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTasks:
    """Filter, order and page of a task list."""

    filter: TaskFilter = TaskFilter()
    order: TaskOrder = TaskOrder()
    paging: Paging = Paging()


class TaskService:
    """Create, read, edit and delete single tasks. Each method is one transaction.

    Users write only their own tasks. Managers and admins also read the tasks of other users: they pass `owner_id`.
    Methods with a parameter `versions` raise PreconditionFailed if it does not match the stored version.
    """

    def __init__(
        self, unit_of_work: Callable[[], TaskUnitOfWork], total_cache: TotalCache, clock: Clock, new_id: NewId
    ) -> None:
        self._unit_of_work = unit_of_work
        self._total_cache = total_cache
        self._clock = clock
        self._new_id = new_id

    @retried
    async def create(
        self, actor: Actor, command: CreateTask, *, idempotent_write: IdempotentWrite[Task] | None = None
    ) -> Task:
        """Create a task.

        Raises:
            InvalidValue: A field breaks its rule.
            AlreadyExecuted: `idempotent_write` took effect before; see `IdempotentWrite.store` for all its errors.
        """
        task = new_task(actor.user_id, command, self._new_id, self._clock)
        async with self._unit_of_work() as uow:
            if idempotent_write is not None:
                await idempotent_write.store(uow, task)
            await add_tasks(uow, [task], self._new_id)
            await uow.commit()
        return task

    @retried
    async def get(self, actor: Actor, task_id: TaskId, *, owner_id: UserId | None = None) -> Task:
        """Return a task of the caller or, for readers, of another owner.

        Raises:
            TaskNotFound: The owner has no such task.
            UserNotFound: There is no such owner, or the caller may not see it.
        """
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            return await uow.tasks.get(task_id, owner_id=owner.user_id)

    @retried
    async def list(self, actor: Actor, query: ListTasks, *, owner_id: UserId | None = None) -> Page[Task]:
        """Return a page of tasks.

        Paging by cursor returns each task exactly once, if it exists all the time and its sort key does not change.

        Raises:
            InvalidValue: The cursor is damaged or belongs to another list.
            UserNotFound: There is no such owner, or the caller may not see it.
        """
        paging = query.paging
        window = paging.window(query.filter, query.order)
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            criteria = query.filter.to_criteria(self._clock.now(), owner.zone)
            cache_key = total = None
            if window.is_counted:
                cache_key = await self._total_cache.cache_key(criteria, uow, owner_id=owner.user_id)
                total = await self._total_cache.find(cache_key)
            if total is not None:
                window = replace(window, is_counted=False)
            found = await uow.tasks.find(criteria, query.order, window, owner_id=owner.user_id)
        if found.total is not None:
            total = found.total
            await self._total_cache.store(cache_key, total)
        return paging.page(
            found.items, total, is_exact=criteria.has_stored_total, filter=query.filter, order=query.order
        )

    @retried
    async def edit(
        self,
        actor: Actor,
        task_id: TaskId,
        *,
        versions: VersionMatch = ANY_VERSION,
        **changes: Unpack[TaskChanges],
    ) -> Task:
        """Edit a task. An edit that changes nothing stores nothing.

        Raises:
            TaskNotFound: The caller has no such task.
            PreconditionFailed: `versions` does not match the stored version.
            InvalidValue: A field breaks its rule.
        """
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor.user_id)
            versions.check(task.version)
            return await self._save(uow, task, task.edit(at=self._clock.now(), **changes))

    @retried
    async def delete(self, actor: Actor, task_id: TaskId, *, versions: VersionMatch = ANY_VERSION) -> None:
        """Delete a task and its files.

        Raises:
            TaskNotFound: The caller has no such task.
            PreconditionFailed: `versions` does not match the stored version.
        """
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor.user_id)
            versions.check(task.version)
            files = await uow.files.find_of_tasks([task_id], owner_id=actor.user_id)
            await remove_tasks(uow, [task])
            await uow.jobs.add(*remove_bytes_jobs(files, self._new_id))
            await uow.commit()

    @retried
    async def add_tags(
        self, actor: Actor, task_id: TaskId, tags: tuple[Tag, ...], *, versions: VersionMatch = ANY_VERSION
    ) -> Task:
        """Add tags to a task.

        Raises:
            TaskNotFound: The caller has no such task.
            PreconditionFailed: `versions` does not match the stored version.
            InvalidTag: The task would have too many tags.
        """
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor.user_id)
            versions.check(task.version)
            return await self._save(uow, task, task.add_tags(tags, at=self._clock.now()))

    @retried
    async def remove_tag(
        self, actor: Actor, task_id: TaskId, tag: Tag, *, versions: VersionMatch = ANY_VERSION
    ) -> Task:
        """Remove a tag from a task.

        Raises:
            TaskNotFound: The caller has no such task.
            PreconditionFailed: `versions` does not match the stored version.
            TagNotFound: The task does not have the tag.
        """
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor.user_id)
            versions.check(task.version)
            return await self._save(uow, task, task.remove_tag(tag, at=self._clock.now()))

    @retried
    async def statistics(self, actor: Actor, *, owner_id: UserId | None = None) -> Statistics:
        """Return the statistics of all tasks of the caller or, for readers, of another owner.

        Raises:
            UserNotFound: There is no such owner, or the caller may not see it.
        """
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            return await uow.tasks.statistics(self._clock.now(), owner.zone, owner_id=owner.user_id)

    @retried
    async def history(
        self, actor: Actor, task_id: TaskId, paging: Paging = FIRST_PAGE, *, owner_id: UserId | None = None
    ) -> Page[TaskChange]:
        """Return a page of the changes of a task, newest first.

        Raises:
            TaskNotFound: The owner has no such task.
            UserNotFound: There is no such owner, or the caller may not see it.
            InvalidValue: The cursor is damaged or belongs to another list.
        """
        filter, order = HistoryFilter(task_id), NewestFirst()
        window = paging.window(filter, order)
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            await uow.tasks.get(task_id, owner_id=owner.user_id)
            found = await uow.history.of_task(task_id, window, owner_id=owner.user_id)
        return paging.page(found.items, found.total, is_exact=False, filter=filter, order=order)

    async def _save(self, uow: TaskUnitOfWork, task: Task, edited: Task) -> Task:
        if edited is not task:
            await save_tasks(uow, [(task, edited)], self._new_id)
            await uow.commit()
        return edited


def new_task(owner_id: UserId, command: CreateTask, new_id: NewId, clock: Clock) -> Task:
    """Return a new task of the owner.

    Raises:
        InvalidValue: A field breaks its rule.
    """
    return Task.create(
        id=TaskId(new_id()),
        owner_id=owner_id,
        at=clock.now(),
        title=command.title,
        description=command.description,
        status=command.status,
        completed=command.completed,
        priority=command.priority,
        due=command.due,
        tags=command.tags,
    )
