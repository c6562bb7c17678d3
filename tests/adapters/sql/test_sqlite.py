import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url

from adapters.sql.storage import SqlStorage
from application.platform.time_limit import limit_time
from application.platform.unit_of_work import StorageBusy, StorageUnavailable
from tests.adapters.sql.capped_users import CappedUsersContract
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.contracts.storage import StorageContract
from tests.servers.installation import unprivileged_account
from tests.support.builders import a_task, a_user


class TestSqliteStorage(StorageContract, CappedUsersContract):
    @pytest.fixture
    def url(self, sqlite_url: str) -> str:
        return sqlite_url

    @pytest.fixture
    async def storage(self, sqlite_url: str) -> AsyncIterator[SqlStorage]:
        storage = SqlStorage(sqlite_url)
        await storage.open()
        yield storage
        await storage.close()

    async def test_all_transactions_end_busy_while_another_process_locks_the_file(
        self, storage: SqlStorage, sqlite_url: str
    ) -> None:
        blocker = sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with limit_time(0.2):
            writers = [asyncio.create_task(add(storage, a_task())) for _ in range(20)]
            await asyncio.sleep(0.05)
            assert await snapshot(storage) == expected_snapshot()
            assert not any(writer.done() for writer in writers)
            outcomes = await asyncio.gather(*writers, return_exceptions=True)
        assert set(map(type, outcomes)) == {StorageBusy}

        waiting = asyncio.create_task(add(storage, task := a_task()))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        blocker.close()
        await waiting
        assert await snapshot(storage) == expected_snapshot(task)

    async def test_a_check_writes_nothing_and_does_not_wait_for_a_writer(
        self, storage: SqlStorage, sqlite_url: str
    ) -> None:
        await storage.check()
        size = size_of_log(sqlite_url)
        await storage.check()
        assert size_of_log(sqlite_url) == size
        blocker = sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        await storage.check()
        blocker.close()

    async def test_committed_writes_are_visible_to_another_process(self, storage: SqlStorage, sqlite_url: str) -> None:
        task = a_task()
        await add(storage, task)
        other = SqlStorage(sqlite_url)
        await other.open()
        try:
            assert await snapshot(other) == expected_snapshot(task)
        finally:
            await other.close()


@pytest.fixture
def shared_file(sqlite_template: Path) -> Iterator[Path]:
    """A database in WAL mode that every user of the machine may reach, but not write."""
    with TemporaryDirectory() as directory:
        Path(directory).chmod(0o777)
        file = Path(shutil.copy(sqlite_template, Path(directory, "tasks.db")))
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
        file.chmod(0o444)
        yield file


async def test_a_read_only_file_is_not_ready_until_it_can_be_written(shared_file: Path) -> None:
    with without_privileges():
        async with SqlStorage(f"sqlite+aiosqlite:///{shared_file}") as storage:
            assert await snapshot(storage) == expected_snapshot()
            for refused in (storage.check(), register(storage, a_user())):
                with pytest.raises(StorageUnavailable, match="the database file is read-only"):
                    await refused

            make_writable(shared_file)
            await storage.check()
            await register(storage, a_user())


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be an unprivileged user, because root may write to each file."""
    user = os.geteuid()
    os.seteuid(user or unprivileged_account()[0])
    try:
        yield
    finally:
        os.seteuid(user)


def make_writable(database: Path) -> None:
    """Make a database writable, with the other files that SQLite created beside it."""
    user = os.geteuid()
    os.seteuid(os.getuid())
    for file in database.parent.iterdir():
        file.chmod(0o666)
    os.seteuid(user)


def size_of_log(url: str) -> int:
    return Path(f"{make_url(url).database}-wal").stat().st_size
