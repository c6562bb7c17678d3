from datetime import timedelta
from itertools import product
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.identity.ports import UserSlice
from application.platform.paging import Position
from application.storage import Storage
from domain.calendar import FIRST_MICROSECOND, LAST_MICROSECOND
from domain.identity.user import Role, User
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from tests.contracts.given import MANY, StorageSuite, register
from tests.contracts.tasks.filters import seldom
from tests.support.builders import ANN, BEN, NOW, a_user
from tests.support.user_strategies import user_filters, user_orders, users

EVERY_USER_ORDER: Final = [UserOrder(field, descending) for field in UserSortField for descending in (False, True)]
EVERYBODY: Final = UserFilter()
NEWEST_FIRST: Final = UserOrder()
KEYS: Final[dict[UserSortField, list[int | str]]] = {
    UserSortField.CREATED_AT: [FIRST_MICROSECOND, 0, LAST_MICROSECOND],
    UserSortField.USERNAME: ["", "\x01", "%", "kim", "\U0010ffff" * 100],
    UserSortField.EMAIL: ["", "'", "kim@example.com", "\U0010ffff" * 100],
    UserSortField.ROLE: [0, 1, 2],
}


def assorted_users() -> list[User]:
    """Beside Ann and Ben. Their ids follow no other order."""
    names = ["Kim", "kim-2", "KIM_3", "zoe", "Zoe-1", "_zoe", "-ed", "ed0", "Ed-", "100", "lee", "LEE-LEE"]
    full_names = [None, "Zoë Straße", "100% O'Hara", "\U0001f600", "a_b\\c", "STRASSE"]
    return [
        a_user(
            username=name,
            email=f"{name[::-1]}.x@{'B' if n % 2 else 'a'}.example.com",
            full_name=full_names[n % len(full_names)],
            role=list(Role)[n % 3],
            is_active=n % 4 != 0,
            created_at=NOW + timedelta(microseconds=7 * n % 5),
        )
        for n, name in enumerate(names)
    ]


def in_user_order(order: UserOrder, some: list[User]) -> list[User]:
    return sorted(some, key=lambda user: (order.key(user), user.id), reverse=order.descending)


async def find(
    storage: Storage,
    filter: UserFilter = EVERYBODY,
    order: UserOrder = NEWEST_FIRST,
    *,
    limit: int = MANY,
    skip: int = 0,
    after: Position | None = None,
    count: bool = False,
) -> UserSlice:
    async with storage.unit_of_work() as uow:
        return await uow.users.find(filter, order, limit=limit, skip=skip, after=after, count=count)


async def given_assorted(storage: Storage) -> list[User]:
    """All there are, Ann and Ben among them."""
    await register(storage, *assorted_users())
    everybody = (await find(storage)).users
    assert len(everybody) == 14
    return everybody


class UserQueryContract(StorageSuite):
    async def test_users_are_ordered_by_key_and_then_by_id(self, storage: Storage, subtests: pytest.Subtests) -> None:
        everybody = await given_assorted(storage)
        for order in EVERY_USER_ORDER:
            with subtests.test(str(order)):
                assert (await find(storage, order=order)).users == in_user_order(order, everybody)

    async def test_users_that_match_are_found_and_counted(self, storage: Storage, subtests: pytest.Subtests) -> None:
        everybody = await given_assorted(storage)
        searches = [
            "",
            "kim",
            "KIM",
            "strasse",
            "STRA\u00dfe",
            "100",
            "0%",
            "o'h",
            "a_b",
            "_",
            "\\",
            "zoe kim",
            "\u3000",
        ]
        searches += ["\u3000", "example.com", "B.EXAMPLE", "\U0001f600", "e x", "nobody at all"]
        for search, role, is_active in product(searches, [None, *Role], [None, False, True]):
            filter = UserFilter(search=search, role=role, is_active=is_active)
            with subtests.test(str(filter)):
                expected = [user for user in everybody if filter.match(user)]
                found = await find(storage, filter, count=True)
                assert (found.users, found.total) == (expected, len(expected))

    async def test_a_search_looks_into_the_three_names_and_nowhere_else(self, storage: Storage) -> None:
        kim = a_user(username="kim", email="park@example.com", full_name="Lee", timezone="Asia/Seoul")
        await register(storage, kim)
        for search in ("kim", "PARK", "lee", "lee kim park", "rk@ex"):
            assert (await find(storage, UserFilter(search=search))).users == [kim]
        for search in ("seoul", "1:", kim.password_hash, "kimpark", "comlee"):
            assert (await find(storage, UserFilter(search=search))).users == []

    async def test_pages_of_users_make_the_whole(self, storage: Storage, subtests: pytest.Subtests) -> None:
        everybody = await given_assorted(storage)
        for order, filter in product(EVERY_USER_ORDER, [EVERYBODY, UserFilter(is_active=True)]):
            expected = [user for user in in_user_order(order, everybody) if filter.match(user)]
            for size in (1, 5):
                with subtests.test(f"{size} of {len(expected)} by {order}"):
                    by_skip, by_position = list[User](), list[User]()
                    after: Position | None = None
                    for skip in range(0, len(expected) + size, size):
                        by_skip += (await find(storage, filter, order, limit=size, skip=skip)).users
                        by_position += (await find(storage, filter, order, limit=size, after=after)).users
                        after = Position(order.key(by_position[-1]), by_position[-1].id)
                    assert by_skip == by_position == expected

    async def test_any_position_of_the_order_of_users_may_be_asked_for(
        self, storage: Storage, subtests: pytest.Subtests
    ) -> None:
        everybody = await given_assorted(storage)
        for order in EVERY_USER_ORDER:
            for key, id in product(KEYS[order.field], (0, 2**128 - 1)):
                with subtests.test(f"{key!a:.20} by {order}"):
                    edge = (order.valid_key(key), UUID(int=id))
                    ordered = [(user, (order.key(user), user.id)) for user in in_user_order(order, everybody)]
                    beyond = [user for user, at in ordered if (at < edge if order.descending else at > edge)]
                    assert (await find(storage, order=order, after=Position(*edge))).users == beyond

    async def test_a_position_among_users_is_more_than_a_number_to_skip(self, storage: Storage) -> None:
        everybody = await given_assorted(storage)
        position = Position(UserOrder().key(everybody[0]), everybody[0].id)

        assert (await find(storage, skip=5, after=position)).users == everybody[1:]

    async def test_users_are_counted_whatever_the_page_if_asked(self, storage: Storage) -> None:
        everybody = await given_assorted(storage)
        last = Position(UserOrder().key(everybody[-1]), everybody[-1].id)

        assert (await find(storage)).total is None
        assert await find(storage, limit=3, count=True) == UserSlice(everybody[:3], 14)
        assert await find(storage, skip=99, count=True) == UserSlice([], 14)
        assert await find(storage, after=last, count=True) == UserSlice([], 14)
        assert await find(storage, UserFilter(search="nobody"), count=True) == UserSlice([], 0)

    async def test_uncommitted_users_are_seen_by_their_own_unit_only(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            await uow.users.add(kim := a_user())
            own = await uow.users.find(EVERYBODY, UserOrder(), limit=9, count=True)
            other = await find(storage, count=True)

        assert kim in own.users and own.total == 3
        assert {user.id for user in other.users} == {ANN, BEN} and other.total == 2

    @seldom
    @given(st.lists(users, max_size=6, unique_by=lambda user: user.id), st.lists(st.tuples(user_filters, user_orders)))
    async def test_every_filter_finds_the_users_it_matches(
        self, storage: Storage, drawn: list[User], asked: list[tuple[UserFilter, UserOrder]]
    ) -> None:
        await register(storage, *drawn)
        everybody = (await find(storage)).users
        for filter, order in asked:
            expected = [user for user in in_user_order(order, everybody) if filter.match(user)]
            found = await find(storage, filter, order, count=True)
            assert (found.users, found.total) == (expected, len(expected))
        async with storage.unit_of_work() as uow:
            for user in drawn:
                await uow.users.remove(user)
            await uow.commit()
