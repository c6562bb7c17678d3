from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import FIRST_MICROSECOND, LAST_MICROSECOND, microseconds
from domain.errors import InvalidSearch
from domain.identity.user import Role, User
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from domain.text import fold
from tests.support.builders import NOW, a_user
from tests.support.strategies import any_text
from tests.support.user_strategies import user_filters, user_orders, users

KIM = a_user(username="Kim-Sue", email="Park@Example.com", full_name="Zoë Straße", role=Role.MANAGER, is_active=False)


@pytest.mark.parametrize(
    "search", ["", " \u3000\n", "kim", "KIM", "m-s", "park@", "EXAMPLE", "STRASSE", "zoe\u0308", "kim strasse park"]
)
def test_every_word_of_a_search_occurs_in_a_name_ignoring_case(search: str) -> None:
    assert UserFilter(search=search).match(KIM)


@pytest.mark.parametrize("search", ["%", "_", "kim_sue", "kim nobody", "kimpark", "comzo", "hash", "manager", "utc"])
def test_a_word_that_occurs_in_no_name_finds_nobody(search: str) -> None:
    assert not UserFilter(search=search).match(KIM)


def test_role_and_activity_are_met_as_asked() -> None:
    assert UserFilter().match(KIM)
    assert [UserFilter(role=role).match(KIM) for role in Role] == [False, True, False]
    assert [UserFilter(is_active=flag).match(KIM) for flag in (False, True)] == [True, False]
    assert not UserFilter(search="kim", role=Role.MANAGER, is_active=True).match(KIM)


@pytest.mark.parametrize("search", ["x" * 201, "a\x00b", "\ud800"], ids=["long", "NUL", "surrogate"])
def test_a_search_that_is_too_long_or_cannot_be_stored_is_refused(search: str) -> None:
    with pytest.raises(InvalidSearch) as refusal:
        UserFilter(search=search)

    assert refusal.value.field == "search"
    assert UserFilter(search="x" * 200).words == ("x" * 200,)


def test_the_newest_user_is_first_unless_asked_otherwise() -> None:
    old, new = a_user(created_at=NOW), a_user(created_at=NOW + timedelta(microseconds=1))

    assert sorted([old, new], key=UserOrder().key, reverse=UserOrder().descending) == [new, old]


def test_users_are_ordered_by_what_is_asked() -> None:
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
        (UserSortField.CREATED_AT, [None, "1", 1.0, True, FIRST_MICROSECOND - 1, LAST_MICROSECOND + 1]),
        (UserSortField.USERNAME, [None, 1, b"kim", "\x00", "\ud800"]),
        (UserSortField.EMAIL, [None, 1, ["kim"], "\x00", "\udfff"]),
        (UserSortField.ROLE, [None, "user", True, 1.0, -1, 3]),
    ],
)
def test_a_key_that_no_user_could_have_is_refused(field: UserSortField, keys: list[object]) -> None:
    for key in keys:
        with pytest.raises(ValueError, match="no user has such a sort key"):
            UserOrder(field).valid_key(key)


@given(users, user_orders)
def test_every_key_of_a_user_is_valid(user: User, order: UserOrder) -> None:
    assert order.valid_key(order.key(user)) == order.key(user)


@given(users, user_filters)
def test_a_filter_asks_for_all_its_conditions(user: User, filter: UserFilter) -> None:
    apart = (
        UserFilter(search=filter.search),
        UserFilter(role=filter.role),
        UserFilter(is_active=filter.is_active),
        *(UserFilter(search=word) for word in filter.words if len(word) <= UserFilter.MAX_SEARCH),
    )

    assert filter.match(user) is all(part.match(user) for part in apart)


@given(any_text | st.text("aB \u3000\u00df", max_size=20))
def test_the_words_of_a_search_are_folded_and_told_once(search: str) -> None:
    try:
        words = UserFilter(search=search).words
    except InvalidSearch:
        return
    assert len(set(words)) == len(words)
    assert all(fold(word) == word and word.split() == [word] for word in words)
