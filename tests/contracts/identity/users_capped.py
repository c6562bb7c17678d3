from application.platform.paging import TOTAL_CAP
from application.storage import Storage
from domain.identity.user import Role
from domain.identity.user_query import UserFilter
from tests.contracts.given import StorageSuite, register
from tests.contracts.identity.user_queries import find
from tests.support.builders import a_user


class CappedUsersContract(StorageSuite):
    """For storages that take in thousands of users quickly."""

    async def test_users_are_counted_to_the_cap(self, storage: Storage) -> None:
        await register(storage, *(a_user(role=Role.MANAGER) for _ in range(TOTAL_CAP)))

        managers = UserFilter(role=Role.MANAGER)
        assert (await find(storage, managers, limit=1, count=True)).total == TOTAL_CAP
        assert (await find(storage, limit=1, count=True)).total == TOTAL_CAP + 1
