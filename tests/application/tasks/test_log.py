"""The log has one line for the tasks that a use case wrote."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from adapters.memory.storage import InMemoryStorage
from application.tasks.tasks import CreateTask
from domain.identity.actor import Actor
from domain.tasks.tag import Tag
from domain.tasks.task import Task
from tests.support.accounts import registered
from tests.support.stubs import SettableClock
from tests.support.world import World

TITLE: Final = "canary of a title"
COMMAND: Final = CreateTask(title=TITLE, tags=(Tag("home"),))

Use = Callable[[World, Actor, Task, Task], Awaitable[object]]

ONE: Final[dict[str, Use]] = {
    "task_created": lambda world, ann, one, two: world.services.tasks.create(ann, COMMAND),
    "task_changed": lambda world, ann, one, two: world.services.tasks.edit(ann, one.id, completed=True),
    "task_deleted": lambda world, ann, one, two: world.services.tasks.delete(ann, one.id),
}
SEVERAL: Final[dict[str, tuple[str, Use]]] = {
    "bulk create": (
        "task_created",
        lambda world, ann, one, two: world.services.task_batches.create(ann, [COMMAND, COMMAND]),
    ),
    "bulk edit": (
        "task_changed",
        lambda world, ann, one, two: world.services.task_batches.edit(ann, [one.id, two.id], completed=True),
    ),
    "bulk delete": (
        "task_deleted",
        lambda world, ann, one, two: world.services.task_batches.delete(ann, [one.id, two.id]),
    ),
    "rename of a tag": (
        "task_changed",
        lambda world, ann, one, two: world.services.tags.rename(ann, Tag("home"), Tag("house")),
    ),
}


async def logged(storage: InMemoryStorage, clock: SettableClock, use: Use) -> tuple[Actor, Task, list[Any]]:
    """Return what a use case logs for a user with two tasks."""
    world = World(storage, clock)
    ann = Actor.of(await registered(world))
    one, two = [await world.services.tasks.create(ann, COMMAND) for _ in range(2)]
    audited = len(world.audit.names)
    with capture_logs() as lines:
        result = await use(world, ann, one, two)
    assert len(world.audit.names) == audited  # changes of tasks are no security events
    assert TITLE not in str(lines)
    return ann, result if isinstance(result, Task) else one, lines


@pytest.mark.parametrize("event", ONE)
async def test_one_task_is_logged_with_its_id_owner_and_actor(
    event: str, storage: InMemoryStorage, clock: SettableClock
) -> None:
    ann, task, lines = await logged(storage, clock, ONE[event])

    user_id = str(ann.user_id)
    assert lines == [
        {
            "event": event,
            "log_level": "info",
            "task_id": str(task.id),
            "owner_id": user_id,
            "actor_id": user_id,
        }
    ]


@pytest.mark.parametrize("name", SEVERAL)
async def test_several_tasks_are_logged_with_their_number(
    name: str, storage: InMemoryStorage, clock: SettableClock
) -> None:
    event, use = SEVERAL[name]
    _, _, lines = await logged(storage, clock, use)

    assert [(line["event"], line["count"]) for line in lines] == [(event, 2)]


async def test_an_edit_that_changes_nothing_is_not_logged(storage: InMemoryStorage, clock: SettableClock) -> None:
    _, _, lines = await logged(
        storage, clock, lambda world, ann, one, two: world.services.tasks.edit(ann, one.id, title=TITLE)
    )

    assert lines == []
