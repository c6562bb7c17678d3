from datetime import timedelta

import pytest

from adapters.memory.storage import InMemoryStorage
from application.platform.paging import cursor_after, encode_cursor
from application.tasks.tag_pages import ListTags
from application.tasks.tags import Deferred, TagService
from domain.errors import TagNotFound
from domain.tasks.tag import TagCount
from domain.tasks.tag_query import ByName, TagFilter
from domain.tasks.task import Task
from domain.tasks.task_query import TaskOrder
from tests.contracts.given import add, expected_snapshot, snapshot
from tests.support.builders import ANN, BEN, a_task, acting, tags
from tests.support.errors import raises_invalid
from tests.support.stubs import CountedIds, SettableClock

pytestmark = pytest.mark.usefixtures("ann_and_ben")

HOME, WORK, NEW, BENS = tags("home", "work", "new", "ben's")


@pytest.fixture
def service(storage: InMemoryStorage, clock: SettableClock) -> TagService:
    return TagService(storage.unit_of_work, clock, CountedIds(0))


@pytest.fixture
async def tasks(storage: InMemoryStorage, ann_and_ben: None) -> list[Task]:
    tasks = [a_task(tags=(HOME,)), a_task(tags=(HOME, WORK)), a_task(tags=(WORK,)), a_task()]
    await add(storage, *tasks)
    await add(storage, a_task(owner_id=BEN, tags=(HOME, BENS)))
    return tasks


@pytest.mark.usefixtures("tasks")
async def test_tags_are_listed_by_name_with_their_task_counts(service: TagService) -> None:
    assert (await service.list(acting(ANN))).items == [TagCount(HOME, 2), TagCount(WORK, 2)]
    assert (await service.list(acting(BEN))).items == [TagCount(BENS, 1), TagCount(HOME, 1)]


@pytest.mark.usefixtures("tasks")
async def test_a_cursor_continues_the_list_of_tags(service: TagService) -> None:
    first = await service.list(acting(ANN), ListTags(limit=1))
    assert first.items == [TagCount(HOME, 2)]
    last = await service.list(acting(ANN), ListTags(limit=1, cursor=first.next_cursor))
    assert (last.items, last.next_cursor) == ([TagCount(WORK, 2)], None)
    found = await service.list(acting(ANN), ListTags(filter=TagFilter(search="O"), limit=1))
    for wrong in (f"{first.next_cursor}AAAA", "", found.next_cursor, cursor_after(a_task(), TagFilter(), TaskOrder())):
        with raises_invalid("cursor", "invalid_cursor"):
            await service.list(acting(ANN), ListTags(cursor=wrong))
    for forged in (5, "\x00", ["home"]):
        with raises_invalid("cursor", "invalid_cursor"):
            await service.list(acting(ANN), ListTags(cursor=encode_cursor(forged, TagFilter(), ByName())))


async def test_a_tag_is_renamed_on_every_task_of_its_owner(
    service: TagService, storage: InMemoryStorage, tasks: list[Task], clock: SettableClock
) -> None:
    clock.time += timedelta(seconds=1)
    bens = await snapshot(storage, BEN)

    assert await service.rename(acting(ANN), HOME, NEW) == TagCount(NEW, 2)

    renamed = [task.rename_tag(HOME, NEW, at=clock.time) for task in tasks[:2]]
    assert await snapshot(storage) == expected_snapshot(*renamed, *tasks[2:])
    assert await snapshot(storage, BEN) == bens


async def test_renaming_a_tag_to_an_existing_tag_merges_them(
    service: TagService, storage: InMemoryStorage, tasks: list[Task], clock: SettableClock
) -> None:
    assert await service.rename(acting(ANN), HOME, WORK) == TagCount(WORK, 3)

    renamed = [task.rename_tag(HOME, WORK, at=clock.time) for task in tasks[:2]]
    assert await snapshot(storage) == expected_snapshot(*renamed, *tasks[2:])


async def test_renaming_a_tag_to_itself_changes_nothing(
    service: TagService, storage: InMemoryStorage, tasks: list[Task]
) -> None:
    assert await service.rename(acting(ANN), HOME, HOME) == TagCount(HOME, 2)
    assert await snapshot(storage) == expected_snapshot(*tasks)


async def test_a_tag_is_removed_from_every_task_of_its_owner(
    service: TagService, storage: InMemoryStorage, tasks: list[Task], clock: SettableClock
) -> None:
    await service.remove(acting(ANN), HOME)

    changed = [task.remove_tag(HOME, at=clock.time) for task in tasks[:2]]
    assert await snapshot(storage) == expected_snapshot(*changed, *tasks[2:])
    assert (await service.list(acting(BEN))).items == [TagCount(BENS, 1), TagCount(HOME, 1)]


async def test_a_tag_on_2000_tasks_is_changed_at_once_and_on_more_by_a_job(
    service: TagService, storage: InMemoryStorage
) -> None:
    await add(storage, *(a_task(tags=(HOME,)) for _ in range(2_000)))

    assert await service.rename(acting(ANN), HOME, NEW) == TagCount(NEW, 2_000)
    await add(storage, a_task(tags=(NEW,)))
    assert isinstance(await service.remove(acting(ANN), NEW), Deferred)
    assert (await service.list(acting(ANN))).items == [TagCount(NEW, 2_001)]


async def test_an_unused_tag_is_not_found(service: TagService, storage: InMemoryStorage, tasks: list[Task]) -> None:
    for missing in (NEW, BENS):
        with pytest.raises(TagNotFound):
            await service.rename(acting(ANN), missing, HOME)
        with pytest.raises(TagNotFound):
            await service.rename(acting(ANN), missing, missing)
        with pytest.raises(TagNotFound):
            await service.remove(acting(ANN), missing)
    assert await snapshot(storage) == expected_snapshot(*tasks)
