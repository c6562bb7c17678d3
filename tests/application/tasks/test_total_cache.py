from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.storage import InMemoryStorage
from adapters.process.cache import InProcessCache
from application.platform.paging import canonical_json
from application.tasks.tasks import CreateTask, ListTasks
from application.tasks.total_cache import MIN_REVISION, TotalCache, digest
from domain.identity.actor import Actor
from domain.tasks.status import Status
from domain.tasks.task_query import TaskFilter
from tests.contracts.given import add, register
from tests.support.accounts import an_actor
from tests.support.builders import ANN, NOW, a_task, a_user, tags
from tests.support.strategies import clock_times, task_filter_fields, task_filter_values, task_filters, zones
from tests.support.stubs import SettableClock
from tests.support.world import World

HOME: Final = tags("home")
TAGGED: Final = ListTasks(filter=TaskFilter(tags=frozenset(HOME)))


class CountingCache(InProcessCache):
    def __init__(self) -> None:
        super().__init__()
        self.puts: list[str] = []

    async def put(self, key: str, value: bytes, *, seconds: int) -> None:
        self.puts.append(key)
        await super().put(key, value, seconds=seconds)


class EmptyCache(InProcessCache):
    async def get(self, key: str) -> bytes | None:
        return None


@pytest.fixture
def cache() -> CountingCache:
    return CountingCache()


@pytest.fixture
def workers(cache: CountingCache, clock: SettableClock) -> Iterator[tuple[World, World]]:
    storage = InMemoryStorage()
    yield World(storage, clock, cache=cache), World(storage, clock, 1 << 40, cache=cache)


async def total(world: World, actor: Actor, query: ListTasks = TAGGED) -> int | None:
    return (await world.tasks.list(actor, query)).total


async def test_a_total_is_counted_once_per_revision_and_correct_after_writes_of_every_worker(
    workers: tuple[World, World], cache: CountingCache
) -> None:
    first, second = workers
    kim = await an_actor(first, "kim")
    task = await first.tasks.create(kim, CreateTask(title="x", tags=HOME))
    assert [await total(world, kim) for world in (first, second, first)] == [1, 1, 1]
    assert len(cache.puts) == 1
    await second.tasks.create(kim, CreateTask(title="y", tags=HOME))
    assert [await total(world, kim) for world in (first, second)] == [2, 2]
    await first.tasks.remove_tag(kim, task.id, HOME[0])
    assert [await total(world, kim) for world in (first, second)] == [1, 1]
    await second.tags.remove(kim, HOME[0])
    assert [await total(world, kim) for world in (first, second)] == [0, 0]
    assert len(cache.puts) == 4


async def test_totals_are_cached_per_owner_and_filter(workers: tuple[World, World]) -> None:
    world, _ = workers
    kim, lee = await an_actor(world, "kim"), await an_actor(world, "lee")
    await world.tasks.create(kim, CreateTask(title="x", tags=HOME))
    await world.tasks.create(lee, CreateTask(title="y"))
    assert [await total(world, actor) for actor in (kim, lee)] == [1, 0]
    for search, expected in (("x", 1), ("y", 0)):
        assert await total(world, kim, ListTasks(filter=TaskFilter(search=search))) == expected


async def test_totals_that_depend_on_time_or_are_stored_are_not_cached(
    workers: tuple[World, World], cache: CountingCache
) -> None:
    world, _ = workers
    kim = await an_actor(world, "kim")
    await world.tasks.create(kim, CreateTask(title="x"))
    for filter in (TaskFilter(), TaskFilter(statuses=frozenset({Status.PENDING})), TaskFilter(overdue=True)):
        await total(world, kim, ListTasks(filter=filter))
    assert cache.puts == []


async def test_totals_of_owners_with_few_writes_are_not_cached(cache: CountingCache) -> None:
    storage, total_cache = InMemoryStorage(), TotalCache(cache)
    criteria = TAGGED.filter.to_criteria(NOW, UTC)
    await register(storage, a_user(id=ANN))

    async def cache_key() -> str | None:
        async with storage.unit_of_work() as uow:
            return await total_cache.cache_key(criteria, uow, owner_id=ANN)

    await add(storage, *(a_task() for _ in range(MIN_REVISION - 1)))
    assert await cache_key() is None
    await add(storage, a_task())
    assert await cache_key() is not None


async def test_totals_are_correct_if_the_cache_always_misses(clock: SettableClock) -> None:
    world = World(InMemoryStorage(), clock, cache=EmptyCache())
    kim = await an_actor(world, "kim")
    await world.tasks.create(kim, CreateTask(title="x", tags=HOME))
    assert [await total(world, kim) for _ in range(2)] == [1, 1]


@given(st.data(), task_filters, task_filter_fields, clock_times, zones)
def test_filters_that_differ_in_one_field_have_other_signatures_and_other_cache_keys(
    data: st.DataObject, filter: TaskFilter, field: str, now: datetime, zone: ZoneInfo
) -> None:
    other = replace(filter, **{field: data.draw(task_filter_values[field])})
    criteria, other_criteria = filter.to_criteria(now, zone), other.to_criteria(now, zone)

    assert (canonical_json(filter.signature) == canonical_json(other.signature)) is (filter == other)
    assert (digest(criteria) == digest(other_criteria)) is (criteria == other_criteria)
