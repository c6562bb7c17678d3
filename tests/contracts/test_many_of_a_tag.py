"""Tag filters as they are answered where very many tasks have the tag: another statement, the same answers."""

from collections.abc import AsyncIterator

import pytest

from adapters.sql import tasks
from adapters.sql.storage import SqlStorage
from tests.contracts.storage_filters import FilterContract
from tests.contracts.storage_order import OrderContract
from tests.contracts.storage_paging import PagingContract
from tests.contracts.storage_search import SearchContract


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
class TestManyOfATag(FilterContract, OrderContract, PagingContract, SearchContract):
    @pytest.fixture
    async def storage(
        self, database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[SqlStorage]:
        monkeypatch.setattr(tasks, "FEW", -1)
        storage = SqlStorage(request.getfixturevalue(f"{database}_url"))
        await storage.open()
        yield storage
        await storage.close()
