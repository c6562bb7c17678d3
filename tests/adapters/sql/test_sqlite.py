from collections.abc import AsyncIterator

import pytest

from adapters.sql.storage import SqlStorage
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

    async def test_committed_writes_are_visible_to_another_process(self, storage: SqlStorage, sqlite_url: str) -> None:
        task = a_task()
        await add(storage, task)
        other = SqlStorage(sqlite_url)
        await other.open()
        try:
            assert await snapshot(other) == expected_snapshot(task)
        finally:
            await other.close()
