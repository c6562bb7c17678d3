"""Tasks in one storage, the rest in another one. `tests/examples/test_sqlite_tasks.py` tests the queries."""

from collections.abc import AsyncIterator
from itertools import repeat
from pathlib import Path

import pytest

from adapters.composed.storage import ComposedStorage
from adapters.memory.storage import InMemoryStorage
from adapters.sql.storage import SqlStorage
from application.platform.unit_of_work import StorageUnavailable, TransientStorageError
from domain.errors import TaskNotFound
from examples.sqlite_tasks import SqliteTaskStorage, Transaction
from tests.application.faults import FaultyStorage
from tests.contracts.files.files import FileContract
from tests.contracts.given import add, add_in, expected_snapshot, get, register, snapshot
from tests.contracts.identity.user_changes import UserChangeContract
from tests.contracts.identity.user_removals import UserRemovalContract
from tests.contracts.platform.idempotency import IdempotencyContract
from tests.contracts.platform.races import RaceContract
from tests.contracts.platform.states import UnitOfWorkStateContract
from tests.contracts.platform.transactions import TransactionContract
from tests.contracts.platform.use_cases import UseCaseContract
from tests.support.builders import ANN, a_file, a_task, a_user


class TestComposedStorage(
    TransactionContract,
    UnitOfWorkStateContract,
    RaceContract,
    UserChangeContract,
    UserRemovalContract,
    FileContract,
    IdempotencyContract,
    UseCaseContract,
):
    """The contracts that concern both storages."""

    @pytest.fixture
    async def storage(self, sqlite_url: str, tmp_path: Path) -> AsyncIterator[ComposedStorage]:
        tasks = SqliteTaskStorage(str(tmp_path / "tasks-only.db"))
        async with ComposedStorage(tasks=tasks, rest=SqlStorage(sqlite_url)) as storage:
            yield storage


class FailingTransaction(Transaction):
    async def commit(self) -> None:
        raise ZeroDivisionError


class FailingTaskStorage(SqliteTaskStorage):
    def transaction(self) -> Transaction:
        return FailingTransaction(self._path)


@pytest.fixture
async def rest() -> InMemoryStorage:
    """A storage in which Ann is registered."""
    storage = InMemoryStorage()
    await register(storage, a_user(id=ANN))
    return storage


@pytest.fixture
def disconnected(rest: InMemoryStorage, tmp_path: Path) -> ComposedStorage:
    """A storage whose rest does not commit."""
    lost = TransientStorageError("connection lost")
    tasks = SqliteTaskStorage(str(tmp_path / "tasks.db"))
    return ComposedStorage(tasks=tasks, rest=FaultyStorage(rest, repeat(lost), has_committed=False))


async def test_a_change_of_tasks_remains_if_the_rest_does_not_commit(disconnected: ComposedStorage) -> None:
    task = a_task()
    with pytest.raises(StorageUnavailable):  # which is not retried
        await add(disconnected, task)

    assert await snapshot(disconnected) == expected_snapshot(task)


async def test_a_change_without_tasks_can_be_retried(disconnected: ComposedStorage) -> None:
    with pytest.raises(TransientStorageError):
        await register(disconnected, a_user())


async def test_nothing_is_stored_if_the_tasks_do_not_commit(rest: InMemoryStorage, tmp_path: Path) -> None:
    storage = ComposedStorage(tasks=FailingTaskStorage(str(tmp_path / "tasks.db")), rest=rest)
    file = a_file()
    with pytest.raises(ZeroDivisionError):
        async with storage.unit_of_work() as uow:
            await uow.files.add(file)
            await add_in(uow, a_task())
            await uow.commit()

    assert await snapshot(storage) == expected_snapshot()
    async with storage.unit_of_work() as uow:
        assert await uow.files.find_existing([file.id], owner_id=ANN) == set()


async def test_a_removed_task_leaves_nothing_in_the_rest(rest: InMemoryStorage, tmp_path: Path) -> None:
    storage = ComposedStorage(tasks=SqliteTaskStorage(str(tmp_path / "tasks.db")), rest=rest)
    await add(storage, task := a_task())
    async with storage.unit_of_work() as uow:
        for _ in range(2):
            await uow.files.add(a_file(task_id=task.id))
        await uow.commit()
    assert (await get(rest, task.id)).title != task.title
    async with storage.unit_of_work() as uow:
        await uow.tasks.remove(task)
        await uow.commit()

    with pytest.raises(TaskNotFound):
        await get(rest, task.id)
    async with storage.unit_of_work() as uow:
        assert await uow.files.find_of_tasks([task.id], owner_id=ANN) == []
