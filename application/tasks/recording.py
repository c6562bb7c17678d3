"""The way of every task into the storage: with what is told of it in its history."""

from collections.abc import Sequence

from application.platform.ids import NewId
from application.tasks.ports import TaskUnitOfWork
from domain.tasks.history import ChangeId, TaskChange
from domain.tasks.task import Task


async def add_tasks(uow: TaskUnitOfWork, tasks: Sequence[Task], new_id: NewId) -> None:
    """By their owner, who alone writes tasks."""
    await add_with_past(uow, [(task,) for task in tasks], new_id)


async def save_tasks(uow: TaskUnitOfWork, edits: Sequence[tuple[Task, Task]], new_id: NewId) -> None:
    """Each as it was and as it is now, which is another. Raises what saving raises."""
    await uow.tasks.save(*(after for _, after in edits))
    await uow.history.add(
        *(TaskChange.update(before, after, id=ChangeId(new_id()), actor_id=after.owner_id) for before, after in edits)
    )


async def add_with_past(uow: TaskUnitOfWork, tasks: Sequence[tuple[Task, ...]], new_id: NewId) -> None:
    """Each in its latest version, and as what it came about: all its versions, from the first on."""
    await uow.tasks.add(*(versions[-1] for versions in tasks))
    changes = []
    for first, *later in tasks:
        changes.append(TaskChange.creation(first, id=ChangeId(new_id()), actor_id=first.owner_id))
        for before, after in zip([first, *later], later, strict=False):
            changes.append(TaskChange.update(before, after, id=ChangeId(new_id()), actor_id=first.owner_id))
    await uow.history.add(*changes)
