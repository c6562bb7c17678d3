from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Unpack

from application.files.jobs import remove_bytes_jobs
from application.platform.clock import Clock
from application.platform.idempotency import IdempotentWrite
from application.platform.ids import NewId
from application.platform.retry import retried
from application.tasks.ports import TaskUnitOfWork
from application.tasks.recording import add_tasks, remove_tasks, save_tasks
from application.tasks.tasks import CreateTask, new_task
from domain.errors import InvalidValue, StaleTask, TaskNotFound
from domain.identity.actor import Actor
from domain.tasks.task import Task, TaskChanges, TaskId

MAX_BATCH_SIZE = 100
"""Tasks per batch."""


class TaskBatchService:
    """Create, edit and delete up to MAX_BATCH_SIZE tasks in one transaction: either all of them or none.

    Methods that add tags raise LimitReached if the caller would have too many different tags.
    """

    def __init__(self, unit_of_work: Callable[[], TaskUnitOfWork], clock: Clock, new_id: NewId) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._new_id = new_id

    @retried
    async def create(
        self,
        actor: Actor,
        commands: Sequence[CreateTask],
        *,
        idempotent_write: IdempotentWrite[list[Task]] | None = None,
    ) -> list[Task]:
        """Create tasks. Return them in the order of the commands.

        Raises:
            InvalidValue: The number of tasks is not allowed, or a field breaks its rule.
            AlreadyExecuted: `idempotent_write` took effect before; see `IdempotentWrite.store` for all its errors.
        """
        _check_size(commands)
        tasks = [new_task(actor.user_id, command, self._new_id, self._clock) for command in commands]
        async with self._unit_of_work() as uow:
            if idempotent_write is not None:
                await idempotent_write.store(uow, tasks)
            await add_tasks(uow, tasks, self._new_id)
            await uow.commit()
        return tasks

    @retried
    async def edit(self, actor: Actor, task_ids: Sequence[TaskId], **changes: Unpack[TaskChanges]) -> list[Task]:
        """Make the same changes to several tasks. Return them in the order of `task_ids`.

        Raises:
            InvalidValue: The number of ids is not allowed, an id is repeated, or a field breaks its rule.
            TasksNotFound: Some tasks do not exist. The error has the ids of all of them.
        """
        _check_ids(task_ids)
        async with self._unit_of_work() as uow:
            tasks = await uow.tasks.get_many(task_ids, owner_id=actor.user_id)
            at = self._clock.now()
            edited = [task.edit(at=at, **changes) for task in tasks]
            changed = [(old, new) for old, new in zip(tasks, edited, strict=True) if new is not old]
            if changed:
                with _deleted_meanwhile():
                    await save_tasks(uow, changed, self._new_id)
                await uow.commit()
        return edited

    @retried
    async def delete(self, actor: Actor, task_ids: Sequence[TaskId]) -> None:
        """Delete tasks and their files.

        Raises:
            InvalidValue: The number of ids is not allowed, or an id is repeated.
            TasksNotFound: Some tasks do not exist. The error has the ids of all of them.
        """
        _check_ids(task_ids)
        async with self._unit_of_work() as uow:
            tasks = await uow.tasks.get_many(task_ids, owner_id=actor.user_id)
            files = await uow.files.find_of_tasks(task_ids, owner_id=actor.user_id)
            with _deleted_meanwhile():
                await remove_tasks(uow, tasks)
            await uow.jobs.add(*remove_bytes_jobs(files, self._new_id))
            await uow.commit()


@contextmanager
def _deleted_meanwhile() -> Iterator[None]:
    """Retry the use case if a task was deleted since it was read: it then reports all missing tasks."""
    try:
        yield
    except TaskNotFound as error:
        raise StaleTask from error


def _check_size(batch: Sequence[object]) -> None:
    if not 1 <= len(batch) <= MAX_BATCH_SIZE:
        raise InvalidValue("batch", "invalid_batch", f"batch must have 1 to {MAX_BATCH_SIZE} tasks")


def _check_ids(task_ids: Sequence[TaskId]) -> None:
    _check_size(task_ids)
    if len(set(task_ids)) < len(task_ids):
        raise InvalidValue("batch", "invalid_batch", "batch must not contain a task twice")
