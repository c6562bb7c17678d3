from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Unpack

from application.files.jobs import removals_of
from application.platform.access import visible_owner
from application.platform.clock import Clock
from application.platform.idempotency import Once
from application.platform.ids import NewId
from application.platform.paging import Page, Paging
from application.platform.retry import retried
from application.tasks.ports import TaskUnitOfWork
from application.tasks.recording import add_tasks, save_tasks
from application.tasks.totals import Totals
from domain.calendar import Due
from domain.identity.actor import Actor
from domain.identity.user import UserId
from domain.tasks.history import HistoryOf, NewestFirst, TaskChange
from domain.tasks.statistics import Statistics
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Status, Task, TaskChanges, TaskId
from domain.tasks.task_query import TaskFilter, TaskOrder

FIRST_PAGE: Final = Paging()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask:
    title: str
    description: str | None = None
    status: Status | None = None
    completed: bool | None = None
    priority: Priority = Priority.MEDIUM
    due: Due | None = None
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTasks:
    filter: TaskFilter = TaskFilter()
    order: TaskOrder = TaskOrder()
    paging: Paging = Paging()


class TaskService:
    """What users do with their tasks, and readers with those of others. One method, one transaction.

    Somebody else's task is not found, unless a reader names the owner. `versions`, where given, are those the
    caller will have changed: PreconditionFailed if the stored one is another.
    """

    def __init__(self, unit_of_work: Callable[[], TaskUnitOfWork], totals: Totals, clock: Clock, new_id: NewId) -> None:
        self._unit_of_work = unit_of_work
        self._totals = totals
        self._clock = clock
        self._new_id = new_id

    async def create(self, actor: Actor, command: CreateTask, *, once: Once[Task] | None = None) -> Task:
        """Raises the InvalidValue of a field; with `once`, what keeping it raises."""
        task = new_task(actor.user_id, command, self._new_id, self._clock)
        await self._store(task, once)
        return task

    @retried
    async def _store(self, task: Task, once: Once[Task] | None) -> None:
        async with self._unit_of_work() as uow:
            if once is not None:
                await once.keep(uow, task)
            await add_tasks(uow, [task], self._new_id)
            await uow.commit()

    @retried
    async def get(self, actor: Actor, task_id: TaskId, *, owner_id: UserId | None = None) -> Task:
        """Raises TaskNotFound, UserNotFound."""
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            return await uow.tasks.get(task_id, owner_id=owner.user_id)

    @retried
    async def list(self, actor: Actor, query: ListTasks, *, owner_id: UserId | None = None) -> Page[Task]:
        """Paging by cursor gives every task that is there throughout, with an unchanged sort key, exactly once.

        Raises InvalidCursor, UserNotFound.
        """
        paging = query.paging
        after = paging.after(query.filter, query.order)
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            criteria = query.filter.criteria(self._clock.now(), owner.zone)
            place = total = None
            if after is None:
                place = await self._totals.place_of(criteria, uow, owner_id=owner.user_id)
                total = await self._totals.find(place)
            found = await uow.tasks.find(
                criteria,
                query.order,
                owner_id=owner.user_id,
                limit=paging.limit + 1,
                skip=paging.skip,
                after=after,
                count=after is None and total is None,
            )
        if found.total is not None:
            total = found.total
            await self._totals.remember(place, total)
        return paging.page(found.tasks, total, is_exact=criteria.is_plain, filter=query.filter, order=query.order)

    @retried
    async def edit(
        self,
        actor: Actor,
        task_id: TaskId,
        *,
        versions: frozenset[int] | None = None,
        **changes: Unpack[TaskChanges],
    ) -> Task:
        """A change that changes nothing stores nothing. Raises TaskNotFound, the InvalidValue of a field."""
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor.user_id)
            task.require_version(versions)
            return await self._save(uow, task, task.edit(at=self._clock.now(), **changes))

    @retried
    async def delete(self, actor: Actor, task_id: TaskId, *, versions: frozenset[int] | None = None) -> None:
        """With its files. Raises TaskNotFound."""
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor.user_id)
            task.require_version(versions)
            files = await uow.files.of_tasks([task_id], owner_id=actor.user_id)
            await uow.tasks.remove(task)
            await uow.jobs.add(*removals_of(files, self._new_id, self._clock.now()))
            await uow.commit()

    @retried
    async def add_tags(
        self, actor: Actor, task_id: TaskId, tags: tuple[Tag, ...], *, versions: frozenset[int] | None = None
    ) -> Task:
        """Raises TaskNotFound, InvalidTag for too many."""
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor.user_id)
            task.require_version(versions)
            return await self._save(uow, task, task.add_tags(tags, at=self._clock.now()))

    @retried
    async def remove_tag(
        self, actor: Actor, task_id: TaskId, tag: Tag, *, versions: frozenset[int] | None = None
    ) -> Task:
        """Raises TaskNotFound, TagNotFound."""
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor.user_id)
            task.require_version(versions)
            return await self._save(uow, task, task.remove_tag(tag, at=self._clock.now()))

    @retried
    async def statistics(self, actor: Actor, *, owner_id: UserId | None = None) -> Statistics:
        """Raises UserNotFound."""
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            return await uow.tasks.statistics(self._clock.now(), owner.zone, owner_id=owner.user_id)

    @retried
    async def history(
        self, actor: Actor, task_id: TaskId, paging: Paging = FIRST_PAGE, *, owner_id: UserId | None = None
    ) -> Page[TaskChange]:
        """The newest change first. Raises TaskNotFound, UserNotFound, InvalidCursor."""
        filter, order = HistoryOf(task_id), NewestFirst()
        after = paging.after(filter, order)
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            await uow.tasks.get(task_id, owner_id=owner.user_id)
            found = await uow.history.of_task(
                task_id,
                owner_id=owner.user_id,
                limit=paging.limit + 1,
                skip=paging.skip,
                after=after,
                count=after is None,
            )
        return paging.page(found.changes, found.total, is_exact=False, filter=filter, order=order)

    async def _save(self, uow: TaskUnitOfWork, task: Task, edited: Task) -> Task:
        if edited is not task:
            await save_tasks(uow, [(task, edited)], self._new_id)
            await uow.commit()
        return edited


def new_task(owner_id: UserId, command: CreateTask, new_id: NewId, clock: Clock) -> Task:
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
