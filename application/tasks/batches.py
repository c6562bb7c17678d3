from collections.abc import Callable, Sequence
from typing import Unpack

from application.files.jobs import removals_of
from application.platform.clock import Clock
from application.platform.idempotency import Once
from application.platform.ids import NewId
from application.platform.retry import retried
from application.tasks.ports import TaskUnitOfWork
from application.tasks.recording import add_tasks, save_tasks
from application.tasks.tasks import CreateTask, new_task
from domain.errors import InvalidBatch
from domain.identity.actor import Actor
from domain.tasks.task import Task, TaskChanges, TaskId

MAX_BATCH = 100


class TaskBatchService:
    """Up to 100 tasks at once, all or nothing. Raises InvalidBatch for none, too many, or one named twice."""

    def __init__(self, unit_of_work: Callable[[], TaskUnitOfWork], clock: Clock, new_id: NewId) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._new_id = new_id

    async def create(
        self, actor: Actor, commands: Sequence[CreateTask], *, once: Once[list[Task]] | None = None
    ) -> list[Task]:
        """In the order given. Raises the InvalidValue of a field; with `once`, what keeping it raises."""
        _require_size(commands)
        tasks = [new_task(actor.user_id, command, self._new_id, self._clock) for command in commands]
        await self._store(tasks, once)
        return tasks

    @retried
    async def _store(self, tasks: list[Task], once: Once[list[Task]] | None) -> None:
        async with self._unit_of_work() as uow:
            if once is not None:
                await once.keep(uow, tasks)
            await add_tasks(uow, tasks, self._new_id)
            await uow.commit()

    @retried
    async def edit(self, actor: Actor, task_ids: Sequence[TaskId], **changes: Unpack[TaskChanges]) -> list[Task]:
        """In the order asked. Raises TaskNotFound with every unknown id, the InvalidValue of a field."""
        _require_distinct(task_ids)
        async with self._unit_of_work() as uow:
            tasks = await uow.tasks.get_many(task_ids, owner_id=actor.user_id)
            at = self._clock.now()
            edited = [task.edit(at=at, **changes) for task in tasks]
            changed = [(old, new) for old, new in zip(tasks, edited, strict=True) if new is not old]
            if changed:
                await save_tasks(uow, changed, self._new_id)
                await uow.commit()
        return edited

    @retried
    async def delete(self, actor: Actor, task_ids: Sequence[TaskId]) -> None:
        """With their files. Raises TaskNotFound with every unknown id."""
        _require_distinct(task_ids)
        async with self._unit_of_work() as uow:
            tasks = await uow.tasks.get_many(task_ids, owner_id=actor.user_id)
            files = await uow.files.of_tasks(task_ids, owner_id=actor.user_id)
            await uow.tasks.remove(*tasks)
            await uow.jobs.add(*removals_of(files, self._new_id, self._clock.now()))
            await uow.commit()


def _require_size(members: Sequence[object]) -> None:
    if not 1 <= len(members) <= MAX_BATCH:
        raise InvalidBatch(f"a batch has 1 to {MAX_BATCH} members")


def _require_distinct(task_ids: Sequence[TaskId]) -> None:
    _require_size(task_ids)
    if len(set(task_ids)) < len(task_ids):
        raise InvalidBatch("a batch names each task once")
