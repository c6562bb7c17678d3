from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Unpack

from application.paging import TaskPage, cursor_after, position_of
from application.ports.clock import Clock
from application.ports.ids import NewId
from application.ports.storage import TOTAL_CAP, UnitOfWork, UnitOfWorkFactory
from application.retry import retried
from domain.due import Due
from domain.statistics import Statistics
from domain.tag import Tag
from domain.task import Priority, Status, Task, TaskChanges, TaskId
from domain.task_query import TaskFilter, TaskOrder
from domain.user import UserId


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
    """With `cursor`, the page after the one that gave it; otherwise the page after `skip` tasks."""

    filter: TaskFilter = TaskFilter()
    order: TaskOrder = TaskOrder()
    limit: int = 20
    skip: int = 0
    cursor: str | None = None


class TaskService:
    """What signed-in users do with their own tasks. One method, one transaction.

    A task of somebody else is not found. `versions`, where given, are those the caller will have
    changed: PreconditionFailed if the stored one is another.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, new_id: NewId) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._new_id = new_id

    async def create(self, actor: UserId, command: CreateTask) -> Task:
        """Raises the InvalidValue of a field."""
        task = new_task(actor, command, self._new_id, self._clock)
        await self._store(task)
        return task

    @retried
    async def _store(self, task: Task) -> None:
        async with self._unit_of_work() as uow:
            await uow.tasks.add(task)
            await uow.commit()

    @retried
    async def get(self, actor: UserId, task_id: TaskId) -> Task:
        """Raises TaskNotFound."""
        async with self._unit_of_work() as uow:
            return await uow.tasks.get(task_id, owner_id=actor)

    @retried
    async def list(self, actor: UserId, query: ListTasks) -> TaskPage:
        """Paging by cursor gives every task that is there throughout, with an unchanged sort key, exactly once.

        Raises InvalidCursor.
        """
        after = position_of(query.cursor, query.filter, query.order) if query.cursor is not None else None
        async with self._unit_of_work() as uow:
            zone = await _zone_of(actor, uow) if query.filter.needs_calendar else UTC
            criteria = query.filter.criteria(self._clock.now(), zone)
            found = await uow.tasks.find(
                criteria,
                query.order,
                owner_id=actor,
                limit=query.limit + 1,
                skip=query.skip,
                after=after,
                count=after is None,
            )
        items = found.tasks[: query.limit]
        goes_on = len(found.tasks) > query.limit
        is_capped = found.total is not None and found.total > TOTAL_CAP and not criteria.is_plain
        return TaskPage(
            items=items,
            total=TOTAL_CAP if is_capped else found.total,
            total_capped=is_capped,
            skip=query.skip if after is None else None,
            limit=query.limit,
            next_cursor=cursor_after(items[-1], query.filter, query.order) if goes_on else None,
        )

    @retried
    async def edit(
        self,
        actor: UserId,
        task_id: TaskId,
        *,
        versions: frozenset[int] | None = None,
        **changes: Unpack[TaskChanges],
    ) -> Task:
        """A change that changes nothing stores nothing. Raises TaskNotFound, the InvalidValue of a field."""
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor)
            task.require_version(versions)
            return await _store_if_changed(task, task.edit(at=self._clock.now(), **changes), uow)

    @retried
    async def delete(self, actor: UserId, task_id: TaskId, *, versions: frozenset[int] | None = None) -> None:
        """Raises TaskNotFound."""
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor)
            task.require_version(versions)
            await uow.tasks.remove(task)
            await uow.commit()

    @retried
    async def add_tags(
        self, actor: UserId, task_id: TaskId, tags: tuple[Tag, ...], *, versions: frozenset[int] | None = None
    ) -> Task:
        """Raises TaskNotFound, InvalidTag for too many."""
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor)
            task.require_version(versions)
            return await _store_if_changed(task, task.add_tags(tags, at=self._clock.now()), uow)

    @retried
    async def remove_tag(
        self, actor: UserId, task_id: TaskId, tag: Tag, *, versions: frozenset[int] | None = None
    ) -> Task:
        """Raises TaskNotFound, TagNotFound."""
        async with self._unit_of_work() as uow:
            task = await uow.tasks.get(task_id, owner_id=actor)
            task.require_version(versions)
            return await _store_if_changed(task, task.remove_tag(tag, at=self._clock.now()), uow)

    @retried
    async def statistics(self, actor: UserId) -> Statistics:
        async with self._unit_of_work() as uow:
            return await uow.tasks.statistics(self._clock.now(), await _zone_of(actor, uow), owner_id=actor)


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


async def _store_if_changed(task: Task, edited: Task, uow: UnitOfWork) -> Task:
    if edited is not task:
        await uow.tasks.save(edited)
        await uow.commit()
    return edited


async def _zone_of(user_id: UserId, uow: UnitOfWork) -> tzinfo:
    return (await uow.users.get(user_id)).zone
