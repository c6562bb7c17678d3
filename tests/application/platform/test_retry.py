import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import chain, repeat
from typing import Final

import pytest

from adapters.memory.storage import InMemoryStorage
from adapters.process.cache import InProcessCache
from adapters.sql.storage import SqlStorage
from application.platform.retry import FIRST_DELAY, must_lock_reads, read, retried
from application.platform.time_limit import limit_time
from application.platform.unit_of_work import (
    StorageBusy,
    StorageContention,
    StorageUnavailable,
    TransientStorageError,
)
from application.storage import Storage, UnitOfWork
from application.tasks.tasks import CreateTask, TaskService
from application.tasks.total_cache import TotalCache
from domain.errors import StaleTask, TaskNotFound
from domain.identity.user import User
from domain.versions import PreconditionFailed
from tests.application.faults import FaultyStorage
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.support.builders import ANN, a_task, a_user, acting, new_task_id, tags
from tests.support.stubs import SettableClock

LOST_RACES: Final = [TransientStorageError("a deadlock"), StaleTask()]

lost_races = pytest.mark.parametrize("error", LOST_RACES, ids=lambda error: type(error).__name__)

at_the_time_limit = pytest.mark.parametrize(
    ("error", "final"),
    [
        (StaleTask(), StaleTask),
        (StorageContention("a deadlock"), StorageBusy),
        (TransientStorageError("the connection was lost"), StorageUnavailable),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)


class UseCase:
    """A use case that raises the given errors one after the other and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = iter(errors)
        self.runs = 0
        self.locked_reads: list[bool] = []

    @retried
    async def run(self, result: str, *, suffix: str) -> str:
        self.runs += 1
        self.locked_reads.append(must_lock_reads())
        for error in self._errors:
            raise error
        return result + suffix


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.platform.retry.MAX_DELAY", FIRST_DELAY)


async def test_a_successful_use_case_runs_once() -> None:
    use_case = UseCase()

    assert await use_case.run("done", suffix="!") == "done!"
    assert use_case.runs == 1


@lost_races
@pytest.mark.parametrize("times", [1, 20])
async def test_a_use_case_that_lost_a_race_runs_again_until_it_succeeds(error: Exception, times: int) -> None:
    use_case = UseCase(*repeat(error, times))

    assert await use_case.run("done", suffix="!") == "done!"
    assert use_case.runs == times + 1


@at_the_time_limit
async def test_a_use_case_is_not_repeated_after_the_time_limit(error: Exception, final: type[Exception]) -> None:
    use_case = UseCase(*repeat(error, 2))

    with limit_time(0), pytest.raises(Exception, match=str(error)) as raised:
        await use_case.run("done", suffix="!")
    assert (raised.type, use_case.runs) == (final, 1)


async def test_attempts_after_a_lost_race_lock_what_they_read() -> None:
    use_case = UseCase(StaleTask(), StorageContention())

    await use_case.run("done", suffix="!")
    assert use_case.locked_reads == [False, True, True]
    assert not must_lock_reads()


async def test_attempts_after_other_transient_errors_lock_nothing() -> None:
    use_case = UseCase(StorageContention())

    await use_case.run("done", suffix="!")
    assert use_case.locked_reads == [False, False]


@pytest.mark.parametrize("error", [StorageUnavailable(), TaskNotFound(), PreconditionFailed(), ZeroDivisionError()])
async def test_other_errors_are_raised_without_a_retry(error: Exception) -> None:
    for errors in ([error], [StaleTask(), error]):
        use_case = UseCase(*errors)
        with pytest.raises(type(error)):
            await use_case.run("done", suffix="!")
        assert use_case.runs == len(errors)


async def test_the_delay_before_the_next_attempt_can_be_cancelled() -> None:
    use_case = UseCase(*repeat(StaleTask(), 8))
    running = asyncio.ensure_future(use_case.run("done", suffix="!"))
    await asyncio.sleep(0)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert use_case.runs < 8


@pytest.fixture
async def memory() -> InMemoryStorage:
    storage = InMemoryStorage()
    await register(storage, a_user(id=ANN))
    return storage


def service_over(storage: Storage | FaultyStorage) -> TaskService:
    return TaskService(storage.unit_of_work, TotalCache(InProcessCache()), SettableClock(), new_task_id)


@lost_races
async def test_a_commit_that_stored_nothing_is_retried(memory: InMemoryStorage, error: Exception) -> None:
    storage = FaultyStorage(memory, iter([error, error, None]), has_committed=False)

    created = await service_over(storage).create(acting(ANN), CreateTask(title="Once"))

    assert storage.commits == 3
    assert await snapshot(memory) == expected_snapshot(created)


async def test_a_single_read_is_retried_in_a_new_unit_of_work(memory: InMemoryStorage) -> None:
    units: list[UnitOfWork] = []

    async def query(uow: UnitOfWork) -> User:
        units.append(uow)
        if len(units) < 3:
            raise TransientStorageError
        return await uow.users.get(ANN)

    assert (await read(memory.unit_of_work, query)).id == ANN
    assert len(set(map(id, units))) == 3


@pytest.mark.parametrize("has_committed", [True, False])
async def test_a_commit_with_unknown_outcome_is_not_retried(memory: InMemoryStorage, has_committed: bool) -> None:
    await add(memory, task := a_task())
    faults: Iterator[Exception | None] = chain([StorageUnavailable()], repeat(None))
    storage = FaultyStorage(memory, faults, has_committed=has_committed)

    with pytest.raises(StorageUnavailable):
        await service_over(storage).edit(acting(ANN), task.id, title="Changed")

    assert storage.commits == 1
    stored = (await snapshot(memory)).tasks[0]
    assert (stored.title, stored.version) == (("Changed", 2) if has_committed else (task.title, 1))


@pytest.fixture(params=["memory", "sqlite_url", "postgres_url"])
def location(request: pytest.FixtureRequest) -> str:
    return str(request.param if request.param == "memory" else request.getfixturevalue(request.param))


@pytest.fixture
async def storage(location: str, memory: InMemoryStorage) -> AsyncIterator[Storage]:
    if location == "memory":
        yield memory
        return
    storage = SqlStorage(location)
    await storage.open()
    await register(storage, a_user(id=ANN))
    yield storage
    await storage.close()


async def test_twenty_concurrent_edits_of_one_task_all_succeed(storage: Storage) -> None:
    await add(storage, task := a_task())
    service = service_over(storage)
    names = [f"tag-{n:02}" for n in range(20)]

    await asyncio.gather(*(service.add_tags(acting(ANN), task.id, tags(name)) for name in names))

    stored = (await snapshot(storage)).tasks[0]
    assert stored.tags == tags(*names)
    assert stored.version == 21
