from collections.abc import Sequence
from datetime import timedelta

import pytest

from application.platform.paging import Paging
from application.tasks.tasks import CreateTask
from domain.errors import TaskNotFound, UserNotFound
from domain.identity.actor import Actor
from domain.identity.user import Role
from domain.tasks.history import FieldChange
from domain.tasks.status import Status
from domain.tasks.task import Task
from tests.support.accounts import an_actor
from tests.support.builders import tags
from tests.support.errors import raises_invalid
from tests.support.stubs import SettableClock
from tests.support.world import World

HOME, WORK, NEW = tags("home", "work", "new")


async def changes_of(world: World, actor: Actor, task: Task) -> Sequence[dict[str, FieldChange]]:
    """Return the changes after the creation, oldest first."""
    page = await world.tasks.history(actor, task.id, Paging(limit=100))
    return [dict(change.changes) for change in page.items[-2::-1]]


async def test_every_change_of_a_task_is_recorded_but_no_edit_without_effect(
    world: World, clock: SettableClock
) -> None:
    kim = await an_actor(world, "kim")
    task, other = await world.batches.create(kim, [CreateTask(title="One", tags=(HOME,)), CreateTask(title="Two")])
    clock.time += timedelta(hours=1)
    await world.tasks.edit(kim, task.id, title="Other")
    await world.tasks.edit(kim, task.id, title="Other")
    await world.tasks.add_tags(kim, task.id, (WORK,))
    await world.tasks.remove_tag(kim, task.id, HOME)
    await world.batches.edit(kim, [task.id, other.id], status=Status.COMPLETED)
    await world.tags.rename(kim, WORK, NEW)
    await world.tags.remove(kim, NEW)

    assert await changes_of(world, kim, task) == [
        {"title": FieldChange("One", "Other")},
        {"tags": FieldChange(["home"], ["home", "work"])},
        {"tags": FieldChange(["home", "work"], ["work"])},
        {"status": FieldChange("pending", "completed")},
        {"tags": FieldChange(["work"], ["new"])},
        {"tags": FieldChange(["new"], [])},
    ]
    assert await changes_of(world, kim, other) == [{"status": FieldChange("pending", "completed")}]
    page = await world.tasks.history(kim, task.id)
    assert {change.actor_id for change in page.items} == {kim.user_id}
    assert page.items[0].at == clock.time
    assert page.items[0].version == (await world.tasks.get(kim, task.id)).version == page.total == 7


async def test_history_is_paged(world: World) -> None:
    kim = await an_actor(world, "kim")
    task = await world.tasks.create(kim, CreateTask(title="0"))
    for n in range(1, 5):
        await world.tasks.edit(kim, task.id, title=f"{n}")
    first = await world.tasks.history(kim, task.id, Paging(limit=2))
    await world.tasks.edit(kim, task.id, title="Concurrent")
    rest = await world.tasks.history(kim, task.id, Paging(limit=9, cursor=first.next_cursor))

    assert [change.version for change in first.items] == [5, 4]
    assert [change.version for change in rest.items] == [3, 2, 1]
    assert (first.total, rest.total, rest.next_cursor) == (5, None, None)
    another = await world.tasks.create(kim, CreateTask(title="Another"))
    with raises_invalid("cursor", "invalid_cursor"):
        await world.tasks.history(kim, another.id, Paging(cursor=first.next_cursor))


async def test_history_is_visible_to_users_who_can_see_the_task(world: World) -> None:
    kim, lee, max = (
        await an_actor(world, "kim"),
        await an_actor(world, "lee"),
        await an_actor(world, "max", Role.MANAGER),
    )
    task = await world.tasks.create(kim, CreateTask(title="Mine"))
    assert (await world.tasks.history(max, task.id, owner_id=kim.user_id)).total == 1
    with pytest.raises(UserNotFound):
        await world.tasks.history(lee, task.id, owner_id=kim.user_id)
    for other in (lee, max):
        with pytest.raises(TaskNotFound):
            await world.tasks.history(other, task.id)
    await world.tasks.delete(kim, task.id)
    with pytest.raises(TaskNotFound):
        await world.tasks.history(kim, task.id)
