from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from adapters.demo.tasks import YEAR, demo_task
from adapters.memory.storage import InMemoryStorage
from adapters.sql.storage import SqlStorage
from adapters.system.ids import new_id
from application.platform.paging import Window
from application.storage import Storage
from application.tasks.seeding import BATCH_SIZE, SeedingService
from domain.errors import UserNotFound
from domain.identity.user import User
from domain.tasks.statistics import compute_statistics
from domain.tasks.status import Status
from domain.tasks.task import Task
from domain.tasks.task_query import TaskFilter, TaskOrder
from tests.support.builders import ANN, BEN, NOW, a_user
from tests.support.stubs import CountedIds, SettableClock


def demo_tasks(amount: int, seed: int = 1) -> list[tuple[Task, ...]]:
    return [demo_task(seed, number, amount, owner_id=ANN, now=NOW) for number in range(amount)]


def latest(tasks: Sequence[tuple[Task, ...]]) -> list[Task]:
    return [versions[-1] for versions in tasks]


async def stored(storage: Storage, owner: User) -> list[Task]:
    async with storage.unit_of_work() as uow:
        criteria = TaskFilter().to_criteria(NOW, UTC)
        return (await uow.tasks.find(criteria, TaskOrder(), Window(limit=10**6), owner_id=owner.id)).items


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


def test_the_same_seed_gives_the_same_tasks_and_another_seed_gives_others() -> None:
    assert demo_tasks(50) == demo_tasks(50)
    assert demo_tasks(50) != demo_tasks(50, seed=2)


def test_demo_tasks_are_valid_and_spread_over_a_year() -> None:
    tasks = demo_tasks(2000)
    numbers = compute_statistics(latest(tasks), NOW, UTC)

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


def test_ids_are_in_order_of_creation() -> None:
    ids = [versions[0].id for versions in demo_tasks(500)]

    assert ids == sorted(ids)


async def test_the_requested_number_of_tasks_is_stored(service: SeedingService, storage: Storage, ann: User) -> None:
    amount = 2 * BATCH_SIZE + 1

    progress = [done async for done in service.seed(ann.id, amount, 1)]

    assert progress == [BATCH_SIZE, 2 * BATCH_SIZE, amount]
    assert len(await stored(storage, ann)) == amount


async def test_an_interrupted_seeding_is_completed_with_the_same_seed(
    service: SeedingService, storage: Storage, ann: User, clock: SettableClock
) -> None:
    amount = BATCH_SIZE + 10
    async for done in service.seed(ann.id, amount, 1):
        assert done == BATCH_SIZE
        break
    assert len(await stored(storage, ann)) == BATCH_SIZE

    clock.time += timedelta(hours=3)
    for _ in range(2):
        async for _ in service.seed(ann.id, amount, 1):
            pass

    assert len(await stored(storage, ann)) == amount


async def test_the_history_of_each_task_is_stored(service: SeedingService, storage: Storage, ann: User) -> None:
    async for _ in service.seed(ann.id, 100, 1):
        pass

    tasks = await stored(storage, ann)
    assert {task.version for task in tasks} == {1, 2}
    for task in tasks:
        async with storage.unit_of_work() as uow:
            found = (await uow.history.of_task(task.id, Window(limit=10), owner_id=ann.id)).items
        assert [change.version for change in found] == list(range(task.version, 0, -1))
        assert found[-1].at == task.created_at
        assert found[0].at == task.updated_at
        assert set(found[0].changes) == {"status"} or task.version == 1


async def test_seeding_for_an_unknown_user_is_refused(service: SeedingService) -> None:
    with pytest.raises(UserNotFound):
        async for _ in service.seed(BEN, 1, 1):
            pass


async def test_an_owner_is_found_by_username(service: SeedingService, ann: User) -> None:
    assert await service.find_owner("ANN") == ann
    assert await service.find_owner("ben") is None


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_statistics_of_a_database_agree_with_the_domain_after_seeding(
    database: str, request: pytest.FixtureRequest, clock: SettableClock
) -> None:
    storage, ann = SqlStorage(request.getfixturevalue(f"{database}_url")), a_user()
    await storage.open()
    async with storage.unit_of_work() as uow:
        await uow.users.add(ann)
        await uow.commit()

    async for _ in SeedingService(storage.unit_of_work, demo_task, clock, new_id).seed(ann.id, BATCH_SIZE + 500, 1):
        pass

    async with storage.unit_of_work() as uow:
        numbers = await uow.tasks.statistics(NOW, UTC, owner_id=ann.id)
    tasks = await stored(storage, ann)
    await storage.close()
    assert len(tasks) == BATCH_SIZE + 500
    assert numbers == compute_statistics(tasks, NOW, UTC)
