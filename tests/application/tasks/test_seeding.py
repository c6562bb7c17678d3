from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from adapters.demo.tasks import YEAR, demo_task
from adapters.memory.storage import InMemoryStorage
from adapters.sql.storage import SqlStorage
from adapters.system.ids import new_id
from application.storage import Storage
from application.tasks.seeding import BATCH, SeedingService
from domain.errors import UserNotFound
from domain.identity.user import User
from domain.tasks.statistics import statistics_of
from domain.tasks.task import Status, Task
from domain.tasks.task_query import TaskFilter, TaskOrder
from tests.support.builders import ANN, BEN, NOW, a_user
from tests.support.stubs import CountedIds, SettableClock


def made(amount: int, seed: int = 1) -> list[tuple[Task, ...]]:
    return [demo_task(seed, number, amount, owner_id=ANN, now=NOW) for number in range(amount)]


def latest(made: Sequence[tuple[Task, ...]]) -> list[Task]:
    return [versions[-1] for versions in made]


async def stored(storage: Storage, owner: User) -> list[Task]:
    async with storage.unit_of_work() as uow:
        criteria = TaskFilter().criteria(NOW, UTC)
        return (await uow.tasks.find(criteria, TaskOrder(), owner_id=owner.id, limit=10**6)).tasks


@pytest.fixture
def storage() -> InMemoryStorage:
    return InMemoryStorage()


@pytest.fixture
async def ann(storage: Storage) -> User:
    ann = a_user(username="ann")
    async with storage.unit_of_work() as uow:
        await uow.users.add(ann)
        await uow.commit()
    return ann


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def service(storage: Storage, clock: SettableClock) -> SeedingService:
    return SeedingService(storage.unit_of_work, demo_task, clock, CountedIds(0))


def test_the_same_seed_makes_the_same_tasks_and_another_makes_others() -> None:
    assert made(50) == made(50)
    assert made(50) != made(50, seed=2)


def test_they_are_what_the_domain_allows_and_look_like_a_year_of_somebodys() -> None:
    tasks = made(2000)
    numbers = statistics_of(latest(tasks), NOW, UTC)

    assert len({versions[0].id for versions in tasks}) == 2000
    assert all(count > 20 for count in (*numbers.by_status.values(), *numbers.by_priority.values()))
    assert numbers.completed > numbers.incomplete > numbers.overdue > 0
    assert 10 < len(numbers.by_tag) < 30
    for versions in tasks:
        first, last = versions[0], versions[-1]
        assert NOW - YEAR - timedelta(seconds=1) < first.created_at <= last.updated_at <= NOW
        assert [version.version for version in versions] == list(range(1, len(versions) + 1))
        assert (last.completed_at is not None) == (last.status is Status.COMPLETED)
        assert first.id.version == 7
        assert datetime.fromtimestamp((first.id.int >> 80) / 1000, UTC) == first.created_at
    assert {type(task.due.at).__name__ for task in latest(tasks) if task.due} == {"date", "datetime"}
    assert any(task.due is None for task in latest(tasks))


def test_later_ones_have_later_ids() -> None:
    ids = [versions[0].id for versions in made(500)]

    assert ids == sorted(ids)


async def test_as_many_are_stored_as_were_asked_for(service: SeedingService, storage: Storage, ann: User) -> None:
    amount = 2 * BATCH + 1

    told = [done async for done in service.seed(ann.id, amount, 1)]

    assert told == [BATCH, 2 * BATCH, amount]
    assert len(await stored(storage, ann)) == amount


async def test_what_was_interrupted_is_completed_by_the_same_seed(
    service: SeedingService, storage: Storage, ann: User, clock: SettableClock
) -> None:
    amount = BATCH + 10
    async for done in service.seed(ann.id, amount, 1):
        assert done == BATCH
        break
    assert len(await stored(storage, ann)) == BATCH

    clock.time += timedelta(hours=3)
    for _ in range(2):
        async for _ in service.seed(ann.id, amount, 1):
            pass

    assert len(await stored(storage, ann)) == amount


async def test_what_became_of_each_is_told(service: SeedingService, storage: Storage, ann: User) -> None:
    async for _ in service.seed(ann.id, 100, 1):
        pass

    tasks = await stored(storage, ann)
    assert {task.version for task in tasks} == {1, 2}
    for task in tasks:
        async with storage.unit_of_work() as uow:
            found = (await uow.history.of_task(task.id, owner_id=ann.id, limit=10)).changes
        assert [change.version for change in found] == list(range(task.version, 0, -1))
        assert found[-1].at == task.created_at
        assert found[0].at == task.updated_at
        assert set(found[0].changes) == {"status"} or task.version == 1


async def test_nobody_can_not_be_given_tasks(service: SeedingService) -> None:
    with pytest.raises(UserNotFound):
        async for _ in service.seed(BEN, 1, 1):
            pass


async def test_an_owner_is_found_by_name(service: SeedingService, ann: User) -> None:
    assert await service.owner("ANN") == ann
    assert await service.owner("ben") is None


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_a_database_counts_what_was_seeded_as_the_domain_does(
    database: str, request: pytest.FixtureRequest, clock: SettableClock
) -> None:
    storage, ann = SqlStorage(request.getfixturevalue(f"{database}_url")), a_user()
    await storage.open()
    async with storage.unit_of_work() as uow:
        await uow.users.add(ann)
        await uow.commit()

    async for _ in SeedingService(storage.unit_of_work, demo_task, clock, new_id).seed(ann.id, BATCH + 500, 1):
        pass

    async with storage.unit_of_work() as uow:
        numbers = await uow.tasks.statistics(NOW, UTC, owner_id=ann.id)
    tasks = await stored(storage, ann)
    await storage.close()
    assert len(tasks) == BATCH + 500
    assert numbers == statistics_of(tasks, NOW, UTC)
