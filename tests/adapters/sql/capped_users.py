from uuid import uuid4

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sql.schema.identity import users
from application.platform.paging import TOTAL_CAP, Position, Slice
from application.storage import Storage
from domain.identity.user import Role
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from tests.contracts.given import StorageSuite, register
from tests.contracts.identity.user_queries import find
from tests.support.builders import a_user


class CappedUsersContract(StorageSuite):
    """Counting of more users than `TOTAL_CAP`. A suite overrides `url`: the database of `storage`."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    async def test_users_are_counted_up_to_the_cap_and_listed_above_it(self, storage: Storage, url: str) -> None:
        await insert_managers(url, TOTAL_CAP)

        managers, by_name = UserFilter(role=Role.MANAGER), UserOrder(UserSortField.USERNAME, descending=False)
        assert (await find(storage, managers, limit=1, count=True)).total == TOTAL_CAP
        assert (await find(storage, limit=1, count=True)).total == TOTAL_CAP + 1

        first = [a_user(username=name, role=Role.MANAGER) for name in ("aaa-1", "aaa-2", "aaa-3")]
        await register(storage, *first)
        page = await find(storage, managers, by_name, limit=2, count=True)
        assert (page.items, page.total) == (first[:2], TOTAL_CAP + 1)
        after = Position(by_name.key(first[0]), first[0].id)
        assert await find(storage, managers, by_name, limit=2, after=after) == Slice(first[1:], None)


async def insert_managers(url: str, number: int) -> None:
    """Insert copies of a user in bulk: the repository adds users one by one."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        user = dict((await connection.execute(select(users).limit(1))).mappings().one())
        names = [f"user-{n}" for n in range(number)]
        keys = ({"username": name, "username_key": name, "email": name, "email_key": name} for name in names)
        await connection.execute(insert(users), [{**user, **key, "id": uuid4(), "role": 1} for key in keys])
    await engine.dispose()
