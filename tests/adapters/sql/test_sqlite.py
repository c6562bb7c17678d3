from collections.abc import AsyncIterator

import pytest

from adapters.sql.storage import SqlStorage
from tests.contracts.given import add, seen, seen_of
from tests.contracts.identity.users_capped import CappedUsersContract
from tests.contracts.storage import StorageContract
from tests.support.builders import a_task


class TestSqliteStorage(StorageContract, CappedUsersContract):
    @pytest.fixture
    async def storage(self, sqlite_url: str) -> AsyncIterator[SqlStorage]:
        storage = SqlStorage(sqlite_url)
        await storage.open()
        yield storage
        await storage.close()

    async def test_what_was_committed_is_there_for_another_process(self, storage: SqlStorage, sqlite_url: str) -> None:
        task = a_task()
        await add(storage, task)
        other = SqlStorage(sqlite_url)
        await other.open()
        try:
            assert await seen(other) == seen_of(task)
        finally:
            await other.close()
