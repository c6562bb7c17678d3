"""Tag filters and searches that many tasks match, which use other statements and must return the same results."""

from collections.abc import AsyncIterator

import pytest

from adapters.sql.storage import SqlStorage
from adapters.sql.tasks import tagged, tasks
from tests.contracts.tasks.filters import FilterContract
from tests.contracts.tasks.order import OrderContract
from tests.contracts.tasks.paging import PagingContract
from tests.contracts.tasks.search import SearchContract
from tests.contracts.tasks.tags import TaggedTasksContract


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
class TestManyMatchingTasks(FilterContract, OrderContract, PagingContract, SearchContract, TaggedTasksContract):
    @pytest.fixture
    async def storage(
        self, database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[SqlStorage]:
        monkeypatch.setattr(tasks, "MAX_MATERIALIZED", -1)
        monkeypatch.setattr(tagged, "RANGE_SIZE", 2)
        storage = SqlStorage(request.getfixturevalue(f"{database}_url"))
        await storage.open()
        yield storage
        await storage.close()
