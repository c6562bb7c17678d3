"""Write tasks with their history and counters. All task use cases store tasks through these functions."""

from collections.abc import Sequence

from application.platform.ids import NewId
from application.tasks.events import TasksChanged, TasksCreated, TasksDeleted
from application.tasks.ports import TaskUnitOfWork
from domain.tasks.counters import CounterChanges, added_tags, counter_changes
from domain.tasks.history import ChangeId, TaskChange
from domain.tasks.tag import MAX_DISTINCT_TAGS, check_distinct_tags
from domain.tasks.task import Task


async def add_tasks(uow: TaskUnitOfWork, tasks: Sequence[Task], new_id: NewId) -> None:
    """Add new tasks. The actor is the owner.

    Raises:
        UserNotFound: An owner does not exist.
        LimitReached: An owner would have too many different tags.
    """
    await add_task_versions(uow, [(task,) for task in tasks], new_id)


async def save_tasks(
    uow: TaskUnitOfWork, edits: Sequence[tuple[Task, Task]], new_id: NewId, *, is_limited: bool = True
) -> None:
    """Save edited tasks, given as pairs of different versions: before and after. The actor is the owner.

    Args:
        uow: The open unit of work.
        edits: The versions of each task.
        new_id: Creates the ids of the changes.
        is_limited: Whether to check the number of different tags.

    Raises:
        StaleTask: Another version of a task is stored.
        TaskNotFound: A task does not exist any more.
        LimitReached: An owner would have too many different tags, and more than before.
    """
    await uow.tasks.save(*(after for _, after in edits))
    await uow.history.add(
        *(TaskChange.update(before, after, id=ChangeId(new_id()), actor_id=after.owner_id) for before, after in edits)
    )
    old, new = [before for before, _ in edits], [after for _, after in edits]
    await _count(uow, counter_changes(removed=old, added=new), is_limited=is_limited)
    uow.add_event(TasksChanged.of(new))


async def remove_tasks(uow: TaskUnitOfWork, tasks: Sequence[Task]) -> None:
    """Remove tasks with their history and the records of their files.

    Raises:
        StaleTask: Another version of a task is stored.
        TaskNotFound: A task does not exist any more.
    """
    await uow.tasks.remove(*tasks)
    await uow.counters.add(counter_changes(removed=tasks))
    uow.add_event(TasksDeleted.of(tasks))


async def add_task_versions(uow: TaskUnitOfWork, tasks: Sequence[tuple[Task, ...]], new_id: NewId) -> None:
    """Add tasks that already have several versions: the last version as the task, and the changes between them.

    Args:
        uow: The open unit of work.
        tasks: For each task all its versions, oldest first.
        new_id: Creates the ids of the changes.

    Raises:
        UserNotFound: An owner does not exist.
        LimitReached: An owner would have too many different tags.
    """
    await uow.tasks.add(*(versions[-1] for versions in tasks))
    changes = []
    for first, *later in tasks:
        changes.append(TaskChange.creation(first, id=ChangeId(new_id()), actor_id=first.owner_id))
        for before, after in zip([first, *later], later, strict=False):
            changes.append(TaskChange.update(before, after, id=ChangeId(new_id()), actor_id=first.owner_id))
    await uow.history.add(*changes)
    await _count(uow, counter_changes(added=[versions[-1] for versions in tasks]))
    uow.add_event(TasksCreated.of([versions[-1] for versions in tasks]))


async def _count(uow: TaskUnitOfWork, changes: CounterChanges, *, is_limited: bool = True) -> None:
    """Change the counters, and check the number of tags of each owner who got more.

    All writers of an owner change the REVISION counter and so wait for each other. The number thus includes all earlier
    writes.

    Raises:
        LimitReached: An owner has too many different tags.
    """
    amounts = await uow.counters.add(changes)
    for owner_id in added_tags(changes, amounts) if is_limited else ():
        check_distinct_tags(await uow.counters.count_tags(owner_id=owner_id, limit=MAX_DISTINCT_TAGS + 1))
