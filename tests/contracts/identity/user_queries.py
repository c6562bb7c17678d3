from dataclasses import fields
from datetime import timedelta
from itertools import product
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.platform.paging import Position, Slice, Window, cursor_after, position_of
from application.storage import Storage
from domain.calendar import MAX_MICROSECONDS, MIN_MICROSECONDS
from domain.identity.user import Role, User
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from tests.contracts.given import MANY, StorageSuite, register, remove_user_in
from tests.contracts.tasks.filters import seldom
from tests.support.builders import ANN, BEN, NOW, a_user
from tests.support.user_strategies import user_filters, user_orders, users

ALL_USER_ORDERS: Final = [UserOrder(field, descending) for field in UserSortField for descending in (False, True)]
NO_CONDITIONS: Final = UserFilter()
NEWEST_FIRST: Final = UserOrder()
SAMPLES: Final[dict[str, list[Any]]] = {
    "search": ["kim", "STRASSE kim"],
    "role": list(Role),
    "is_active": [True, False],
}
"""Values of each field of the filter. Some of the assorted users match them, and some do not."""

KEYS: Final[dict[UserSortField, list[int | str]]] = {
    UserSortField.CREATED_AT: [MIN_MICROSECONDS, 0, MAX_MICROSECONDS],
    UserSortField.USERNAME: ["", "\x01", "%", "kim", "\U0010ffff" * 100],
    UserSortField.EMAIL: ["", "'", "kim@example.com", "\U0010ffff" * 100],
    UserSortField.ROLE: [0, 1, 2],
}


def assorted_users() -> list[User]:
    """Return more users. The order of their ids is unrelated to all other orders."""
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


def sorted_users(order: UserOrder, some: list[User]) -> list[User]:
    return sorted(some, key=lambda user: (order.key(user), user.id), reverse=order.descending)


async def find(
    storage: Storage,
    filter: UserFilter = NO_CONDITIONS,
    order: UserOrder = NEWEST_FIRST,
    *,
    limit: int = MANY,
    skip: int = 0,
    after: Position | None = None,
    count: bool = False,
) -> Slice[User]:
    async with storage.unit_of_work() as uow:
        return await uow.users.find(filter, order, Window(limit=limit, skip=skip, after=after, is_counted=count))


async def given_assorted(storage: Storage) -> list[User]:
    """Register them and return all users, including Ann and Ben."""
    await register(storage, *assorted_users())
    all_users = (await find(storage)).items
    assert len(all_users) == 14
    return all_users


class UserQueryContract(StorageSuite):
    async def test_users_are_sorted_by_key_and_id(self, storage: Storage, subtests: pytest.Subtests) -> None:
        all_users = await given_assorted(storage)
        for order in ALL_USER_ORDERS:
            with subtests.test(str(order)):
                assert (await find(storage, order=order)).items == sorted_users(order, all_users)

    async def test_each_field_finds_counts_and_pages_the_matching_users(
        self, storage: Storage, subtests: pytest.Subtests
    ) -> None:
        all_users = await given_assorted(storage)
        for field in fields(UserFilter):
            for value in SAMPLES[field.name]:
                with subtests.test(f"{field.name}: {value}"):
                    filter = UserFilter(**{field.name: value})
                    expected = [user for user in all_users if filter.match(user)]
                    assert 0 < len(expected) < len(all_users)
                    assert await find(storage, filter, count=True) == Slice(expected, len(expected))
                    found = (await find(storage, filter, limit=2)).items
                    size = -1
                    while len(found) != size:
                        size = len(found)
                        cursor = cursor_after(found[-1], filter, NEWEST_FIRST)
                        after = position_of(cursor, filter, NEWEST_FIRST)
                        found += (await find(storage, filter, limit=2, after=after)).items
                    assert found == expected

    async def test_matching_users_are_found_and_counted(self, storage: Storage, subtests: pytest.Subtests) -> None:
        all_users = await given_assorted(storage)
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
        searches += ["\u3000", "example.com", "B.EXAMPLE", "\U0001f600", "e x", "no such user"]
        for search, role, is_active in product(searches, [None, *Role], [None, False, True]):
            filter = UserFilter(search=search, role=role, is_active=is_active)
            with subtests.test(str(filter)):
                expected = [user for user in all_users if filter.match(user)]
                found = await find(storage, filter, count=True)
                assert (found.items, found.total) == (expected, len(expected))

    async def test_a_search_covers_username_email_and_full_name(self, storage: Storage) -> None:
        kim = a_user(username="kim", email="park@example.com", full_name="Lee", timezone="Asia/Seoul")
        await register(storage, kim)
        for search in ("kim", "PARK", "lee", "lee kim park", "rk@ex"):
            assert (await find(storage, UserFilter(search=search))).items == [kim]
        for search in ("seoul", "1:", kim.password_hash, "kimpark", "comlee"):
            assert (await find(storage, UserFilter(search=search))).items == []

    async def test_pages_contain_all_users(self, storage: Storage, subtests: pytest.Subtests) -> None:
        all_users = await given_assorted(storage)
        for order, filter in product(ALL_USER_ORDERS, [NO_CONDITIONS, UserFilter(is_active=True)]):
            expected = [user for user in sorted_users(order, all_users) if filter.match(user)]
            for size in (1, 5):
                with subtests.test(f"{size} of {len(expected)} by {order}"):
                    by_skip, by_position = list[User](), list[User]()
                    after: Position | None = None
                    for skip in range(0, len(expected) + size, size):
                        by_skip += (await find(storage, filter, order, limit=size, skip=skip)).items
                        by_position += (await find(storage, filter, order, limit=size, after=after)).items
                        after = Position(order.key(by_position[-1]), by_position[-1].id)
                    assert by_skip == by_position == expected

    async def test_a_window_can_start_at_any_position_among_users(
        self, storage: Storage, subtests: pytest.Subtests
    ) -> None:
        all_users = await given_assorted(storage)
        for order in ALL_USER_ORDERS:
            for key, id in product(KEYS[order.field], (0, 2**128 - 1)):
                with subtests.test(f"{key!a:.20} by {order}"):
                    edge = (order.validate_key(key), UUID(int=id))
                    ordered = [(user, (order.key(user), user.id)) for user in sorted_users(order, all_users)]
                    beyond = [user for user, at in ordered if (at < edge if order.descending else at > edge)]
                    assert (await find(storage, order=order, after=Position(*edge))).items == beyond

    async def test_a_position_among_users_takes_precedence_over_skip(self, storage: Storage) -> None:
        all_users = await given_assorted(storage)
        position = Position(UserOrder().key(all_users[0]), all_users[0].id)

        assert (await find(storage, skip=5, after=position)).items == all_users[1:]

    async def test_users_are_counted_independently_of_the_window(self, storage: Storage) -> None:
        all_users = await given_assorted(storage)
        last = Position(UserOrder().key(all_users[-1]), all_users[-1].id)

        assert (await find(storage)).total is None
        assert await find(storage, limit=3, count=True) == Slice(all_users[:3], 14)
        assert await find(storage, skip=99, count=True) == Slice([], 14)
        assert await find(storage, after=last, count=True) == Slice([], 14)
        assert await find(storage, UserFilter(search="unknown"), count=True) == Slice([], 0)

    async def test_uncommitted_users_are_visible_only_in_their_unit_of_work(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            await uow.users.add(kim := a_user())
            own = await uow.users.find(NO_CONDITIONS, UserOrder(), Window(limit=9, is_counted=True))
            other = await find(storage, count=True)

        assert kim in own.items and own.total == 3
        assert {user.id for user in other.items} == {ANN, BEN} and other.total == 2

    @seldom
    @given(st.lists(users, max_size=6, unique_by=lambda user: user.id), st.lists(st.tuples(user_filters, user_orders)))
    async def test_every_filter_finds_the_matching_users(
        self, storage: Storage, drawn: list[User], queries: list[tuple[UserFilter, UserOrder]]
    ) -> None:
        await register(storage, *drawn)
        all_users = (await find(storage)).items
        for filter, order in queries:
            expected = [user for user in sorted_users(order, all_users) if filter.match(user)]
            found = await find(storage, filter, order, count=True)
            assert (found.items, found.total) == (expected, len(expected))
        async with storage.unit_of_work() as uow:
            for user in drawn:
                await remove_user_in(uow, user)
            await uow.commit()
