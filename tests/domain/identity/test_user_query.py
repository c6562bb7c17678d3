from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given

from domain.calendar import MAX_MICROSECONDS, MIN_MICROSECONDS, microseconds
from domain.filters import ContainsWords
from domain.identity.user import Role, User
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from tests.support.builders import NOW, a_user
from tests.support.errors import raises_invalid
from tests.support.user_strategies import user_filters, user_orders, users

KIM = a_user(username="Kim-Sue", email="Park@Example.com", full_name="Zoë Straße", role=Role.MANAGER, is_active=False)


@pytest.mark.parametrize(
    "search", ["", " \u3000\n", "kim", "KIM", "m-s", "park@", "EXAMPLE", "STRASSE", "zoe\u0308", "kim strasse park"]
)
def test_a_search_matches_if_all_words_occur_ignoring_case(search: str) -> None:
    assert UserFilter(search=search).match(KIM)


@pytest.mark.parametrize("search", ["%", "_", "kim_sue", "kim unknown", "kimpark", "comzo", "hash", "manager", "utc"])
def test_a_search_does_not_match_if_a_word_does_not_occur(search: str) -> None:
    assert not UserFilter(search=search).match(KIM)


def test_a_filter_matches_role_and_activity() -> None:
    assert UserFilter().match(KIM)
    assert [UserFilter(role=role).match(KIM) for role in Role] == [False, True, False]
    assert [UserFilter(is_active=flag).match(KIM) for flag in (False, True)] == [True, False]
    assert not UserFilter(search="kim", role=Role.MANAGER, is_active=True).match(KIM)


@pytest.mark.parametrize("search", ["x" * 201, "a\x00b", "\ud800"], ids=["long", "NUL", "surrogate"])
def test_a_search_that_is_too_long_or_cannot_be_stored_is_refused(search: str) -> None:
    with raises_invalid("search", "invalid_search"):
        UserFilter(search=search)

    assert UserFilter(search="x" * 200).conditions() == (ContainsWords(("x" * 200,)),)


def test_users_are_sorted_newest_first_by_default() -> None:
    old, new = a_user(created_at=NOW), a_user(created_at=NOW + timedelta(microseconds=1))

    assert sorted([old, new], key=UserOrder().key, reverse=UserOrder().descending) == [new, old]


def test_the_sort_key_is_the_value_of_the_sort_field() -> None:
    keys = {field: UserOrder(field).key(KIM) for field in UserSortField}

    assert keys == {
        UserSortField.CREATED_AT: microseconds(NOW),
        UserSortField.USERNAME: "kim-sue",
        UserSortField.EMAIL: "park@example.com",
        UserSortField.ROLE: 1,
    }
    assert [UserOrder(UserSortField.ROLE).key(a_user(role=role)) for role in Role] == [0, 1, 2]


@pytest.mark.parametrize(
    ("field", "keys"),
    [
        (UserSortField.CREATED_AT, [None, "1", 1.0, True, MIN_MICROSECONDS - 1, MAX_MICROSECONDS + 1]),
        (UserSortField.USERNAME, [None, 1, b"kim", "\x00", "\ud800"]),
        (UserSortField.EMAIL, [None, 1, ["kim"], "\x00", "\udfff"]),
        (UserSortField.ROLE, [None, "user", True, 1.0, -1, 3]),
    ],
)
def test_an_impossible_sort_key_is_refused(field: UserSortField, keys: list[object]) -> None:
    for key in keys:
        with pytest.raises(ValueError, match="no user can have this sort key"):
            UserOrder(field).validate_key(key)


@given(users, user_orders)
def test_the_sort_key_of_every_user_is_valid(user: User, order: UserOrder) -> None:
    assert order.validate_key(order.key(user)) == order.key(user)


@given(users, user_filters)
def test_a_filter_matches_if_all_conditions_match(user: User, filter: UserFilter) -> None:
    single_conditions = [
        replace(UserFilter(), **{field.name: getattr(filter, field.name)}) for field in fields(UserFilter)
    ]

    assert filter.match(user) is all(part.match(user) for part in single_conditions)
