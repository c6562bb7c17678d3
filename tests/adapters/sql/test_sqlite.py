import asyncio
import sqlite3
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url

from adapters.sql.storage import SqlStorage
from application.platform.time_limit import limit_time
from application.platform.unit_of_work import StorageBusy
from tests.adapters.sql.capped_users import CappedUsersContract
from tests.contracts.given import add, expected_snapshot, snapshot
from tests.contracts.storage import StorageContract
from tests.support.builders import a_task


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

    async def test_committed_writes_are_visible_to_another_process(self, storage: SqlStorage, sqlite_url: str) -> None:
        task = a_task()
        await add(storage, task)
        other = SqlStorage(sqlite_url)
        await other.open()
        try:
            assert await snapshot(other) == expected_snapshot(task)
        finally:
            await other.close()
