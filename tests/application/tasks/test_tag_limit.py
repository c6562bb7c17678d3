from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from adapters.memory.storage import InMemoryStorage
from application.tasks.tasks import CreateTask
from domain.errors import LimitReached
from domain.tasks.tag import MAX_DISTINCT_TAGS, Tag
from domain.tasks.task import Task
from tests.contracts.given import add, snapshot
from tests.contracts.tasks.tags import fill
from tests.support.builders import ANN, BEN, a_task, acting, tags
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("ann_and_ben")

ME: Final = acting(ANN)
OLD, ALSO_OLD, NEW = tags("00001", "00002", "new")

Write = Callable[[World, Task, tuple[Tag, ...]], Awaitable[object]]

WRITES: Final[dict[str, Write]] = {
    "create": lambda w, task, tags: w.tasks.create(ME, CreateTask(title="New", tags=tags)),
    "create a batch": lambda w, task, tags: w.batches.create(ME, [CreateTask(title="New", tags=tags)]),
    "edit": lambda w, task, tags: w.tasks.edit(ME, task.id, tags=(*task.tags, *tags)),
    "edit a batch": lambda w, task, tags: w.batches.edit(ME, [task.id], tags=(*task.tags, *tags)),
    "add tags": lambda w, task, tags: w.tasks.add_tags(ME, task.id, tags),
}


@pytest.fixture
async def task(storage: InMemoryStorage, ann_and_ben: None) -> Task:
    """A task of an owner who has as many different tags as allowed."""
    await fill(storage, MAX_DISTINCT_TAGS - 1)
    task = a_task(tags=(*tags("only here"), OLD))
    await add(storage, task)
    return task


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_at_the_limit_a_write_may_use_old_tags_but_no_new_one(
    write: Write, world: World, storage: InMemoryStorage, task: Task
) -> None:
    before = await snapshot(storage)
    with pytest.raises(LimitReached):
        await write(world, task, (NEW, ALSO_OLD))
    assert await snapshot(storage) == before

    await write(world, task, (OLD, ALSO_OLD))


async def test_at_the_limit_a_new_tag_may_replace_an_old_one(
    world: World, storage: InMemoryStorage, task: Task
) -> None:
    await world.tasks.edit(ME, task.id, tags=(NEW, OLD))
    await world.tags.rename(ME, NEW, *tags("newer"))
    with pytest.raises(LimitReached):
        await world.tags.rename(ME, OLD, NEW)  # another task still has the old one


async def test_a_removed_tag_makes_room_for_a_new_one(world: World, task: Task) -> None:
    await world.tasks.remove_tag(ME, task.id, *tags("only here"))
    await world.tasks.add_tags(ME, task.id, (NEW,))
    with pytest.raises(LimitReached):
        await world.tasks.add_tags(ME, task.id, tags("newer"))
    await world.tasks.delete(ME, task.id)
    await world.tasks.create(ME, CreateTask(title="New", tags=(NEW,)))


async def test_an_owner_with_more_tags_keeps_them(world: World, storage: InMemoryStorage) -> None:
    await fill(storage, MAX_DISTINCT_TAGS + 5)
    task = await world.tasks.create(ME, CreateTask(title="Old", tags=(OLD, ALSO_OLD)))
    await world.tasks.edit(ME, task.id, tags=(OLD,))
    with pytest.raises(LimitReached):
        await world.tasks.add_tags(ME, task.id, (NEW,))


async def test_the_limit_is_for_each_owner(world: World, task: Task) -> None:
    await world.tasks.create(acting(BEN), CreateTask(title="New", tags=(NEW,)))
