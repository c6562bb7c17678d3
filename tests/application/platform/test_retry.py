import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import chain, repeat
from time import perf_counter
from typing import Final

import pytest

from adapters.memory.storage import InMemoryStorage
from adapters.process.cache import InProcessCache
from adapters.sql.storage import SqlStorage
from application.platform.retry import ATTEMPTS, FIRST_DELAY, retried
from application.platform.unit_of_work import StorageUnavailable, TransientStorageError
from application.storage import Storage
from application.tasks.tasks import CreateTask, TaskService
from application.tasks.totals import Totals
from domain.errors import PreconditionFailed, StaleTask, TaskNotFound
from domain.tasks.task import Task
from tests.application.faults import FaultyStorage
from tests.contracts.given import add, register, seen, seen_of
from tests.support.builders import ANN, a_task, a_user, acting, new_task_id, tags
from tests.support.stubs import SettableClock

LOST: Final = [TransientStorageError("a deadlock"), StaleTask()]

lost = pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)


class UseCase:
    """Fails as told, and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = iter(errors)
        self.runs = 0

    @retried
    async def run(self, answer: str, *, suffix: str) -> str:
        self.runs += 1
        for error in self._errors:
            raise error
        return answer + suffix


async def test_what_succeeds_is_run_once() -> None:
    use_case = UseCase()

    assert await use_case.run("done", suffix="!") == "done!"
    assert use_case.runs == 1


@lost
@pytest.mark.parametrize("times", [1, 3, ATTEMPTS - 1])
async def test_what_lost_a_race_is_run_again_until_it_wins(error: Exception, times: int) -> None:
    use_case = UseCase(*repeat(error, times))

    assert await use_case.run("done", suffix="!") == "done!"
    assert use_case.runs == times + 1


async def test_of_a_race_lost_too_often_it_says_that_somebody_else_was_faster() -> None:
    use_case = UseCase(*repeat(StaleTask(), ATTEMPTS + 1))

    with pytest.raises(StaleTask):
        await use_case.run("done", suffix="!")
    assert use_case.runs == ATTEMPTS


async def test_of_a_storage_that_keeps_failing_it_says_that_it_is_away() -> None:
    use_case = UseCase(*repeat(TransientStorageError("a deadlock"), ATTEMPTS + 1))

    with pytest.raises(StorageUnavailable):
        await use_case.run("done", suffix="!")
    assert use_case.runs == ATTEMPTS


@pytest.mark.parametrize("error", [StorageUnavailable(), TaskNotFound(), PreconditionFailed(), ZeroDivisionError()])
async def test_any_other_error_is_told_at_once(error: Exception) -> None:
    for errors in ([error], [StaleTask(), error]):
        use_case = UseCase(*errors)
        with pytest.raises(type(error)):
            await use_case.run("done", suffix="!")
        assert use_case.runs == len(errors)


async def test_giving_up_takes_no_longer_than_a_client_waits() -> None:
    begun = perf_counter()
    with pytest.raises(StaleTask):
        await UseCase(*repeat(StaleTask(), ATTEMPTS)).run("done", suffix="!")

    assert perf_counter() - begun < 2
    assert FIRST_DELAY * 2 ** (ATTEMPTS - 1) < 1


async def test_waiting_for_the_next_attempt_can_be_cancelled() -> None:
    use_case = UseCase(*repeat(StaleTask(), ATTEMPTS))
    running = asyncio.ensure_future(use_case.run("done", suffix="!"))
    await asyncio.sleep(0)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert use_case.runs < ATTEMPTS


@pytest.fixture
async def memory() -> InMemoryStorage:
    storage = InMemoryStorage()
    await register(storage, a_user(id=ANN))
    return storage


def service_over(storage: Storage | FaultyStorage) -> TaskService:
    return TaskService(storage.unit_of_work, Totals(InProcessCache()), SettableClock(), new_task_id)


@lost
async def test_a_commit_that_stored_nothing_is_tried_again(memory: InMemoryStorage, error: Exception) -> None:
    storage = FaultyStorage(memory, iter([error, error, None]), has_committed=False)

    made = await service_over(storage).create(acting(ANN), CreateTask(title="Once"))

    assert storage.commits == 3
    assert await seen(memory) == seen_of(made)


@pytest.mark.parametrize("has_committed", [True, False])
async def test_a_commit_whose_outcome_is_unknown_is_never_run_twice(
    memory: InMemoryStorage, has_committed: bool
) -> None:
    await add(memory, task := a_task())
    faults: Iterator[Exception | None] = chain([StorageUnavailable()], repeat(None))
    storage = FaultyStorage(memory, faults, has_committed=has_committed)

    with pytest.raises(StorageUnavailable):
        await service_over(storage).edit(acting(ANN), task.id, title="Changed")

    assert storage.commits == 1
    stored = (await seen(memory)).tasks[0]
    assert (stored.title, stored.version) == (("Changed", 2) if has_committed else (task.title, 1))


@pytest.fixture(params=["memory", "sqlite_url", "postgres_url"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param if request.param == "memory" else request.getfixturevalue(request.param))


@pytest.fixture
async def storage(place: str, memory: InMemoryStorage) -> AsyncIterator[Storage]:
    if place == "memory":
        yield memory
        return
    storage = SqlStorage(place)
    await storage.open()
    await register(storage, a_user(id=ANN))
    yield storage
    await storage.close()


async def test_twenty_edits_at_once_lose_nothing(storage: Storage) -> None:
    await add(storage, task := a_task())
    service = service_over(storage)
    names = [f"tag-{n:02}" for n in range(20)]

    outcomes = await asyncio.gather(
        *(service.add_tags(acting(ANN), task.id, tags(name)) for name in names), return_exceptions=True
    )

    won = [name for name, outcome in zip(names, outcomes, strict=True) if isinstance(outcome, Task)]
    stored = (await seen(storage)).tasks[0]
    assert stored.tags == tags(*won)
    assert stored.version == 1 + len(won)
    assert {type(outcome) for outcome in outcomes} <= {Task, StaleTask}
    assert len(won) >= ATTEMPTS
