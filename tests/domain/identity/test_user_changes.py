from datetime import timedelta
from typing import Final

import pytest

from domain.errors import InvalidValue, PreconditionFailed
from domain.identity.user import Role, UserChanges
from tests.support.builders import NOW, a_user

LATER: Final = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "changes",
    [
        UserChanges(email="new@example.com"),
        UserChanges(full_name="Kim"),
        UserChanges(timezone="Asia/Seoul"),
        UserChanges(role=Role.ADMIN),
        UserChanges(is_active=False),
        UserChanges(email="new@example.com", full_name="Kim", timezone="UTC", role=Role.MANAGER, is_active=False),
    ],
    ids=lambda changes: " and ".join(changes),
)
def test_an_edit_makes_the_next_version_with_these_changes_and_no_other(changes: UserChanges) -> None:
    user = a_user(full_name="Ann")
    edited = user.edit(at=LATER, **changes)

    assert (edited.version, edited.updated_at, edited.created_at) == (2, LATER, NOW)
    for field in ("id", "username", "email", "full_name", "timezone", "role", "is_active", "password_hash"):
        assert getattr(edited, field) == changes.get(field, getattr(user, field))
    assert user.version == 1


def test_an_edit_that_changes_nothing_gives_the_user_itself() -> None:
    user = a_user(full_name="Kim")

    assert user.edit(at=LATER) is user
    assert user.edit(at=LATER, email=user.email, full_name=" Kim ", role=Role.USER, is_active=True) is user


def test_a_full_name_is_cleared_by_none_and_kept_when_it_is_left_out() -> None:
    user = a_user(full_name="Kim")

    assert user.edit(at=LATER, full_name=None).full_name is None
    assert user.edit(at=LATER, timezone="Asia/Seoul").full_name == "Kim"


def test_another_spelling_of_the_address_is_a_change() -> None:
    user = a_user(email="kim@example.com")

    assert user.edit(at=LATER, email="Kim@example.com").email == "Kim@example.com"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (UserChanges(email="nowhere"), "email"),
        (UserChanges(full_name="\u200b"), "full_name"),
        (UserChanges(timezone="Nowhere", full_name="Fine"), "timezone"),
    ],
)
def test_an_edit_names_the_field_that_breaks_its_rule(changes: UserChanges, field: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        a_user().edit(at=LATER, **changes)

    assert refusal.value.field == field


def test_a_new_password_is_a_new_version() -> None:
    user = a_user(password_hash="old")
    changed = user.with_password("new", at=LATER)

    assert (changed.password_hash, changed.version, changed.updated_at) == ("new", 2, LATER)
    assert (user.password_hash, changed.email, changed.created_at) == ("old", user.email, NOW)


@pytest.mark.parametrize("expected", [None, frozenset({2}), frozenset({1, 2, 3})])
def test_an_expected_version_is_fine(expected: frozenset[int] | None) -> None:
    a_user(version=2).require_version(expected)


@pytest.mark.parametrize("expected", [frozenset[int](), frozenset({1}), frozenset({1, 3})])
def test_any_other_version_is_refused(expected: frozenset[int]) -> None:
    with pytest.raises(PreconditionFailed):
        a_user(version=2).require_version(expected)


def test_an_active_admin_is_both() -> None:
    admins = [a_user(role=role, is_active=flag).is_active_admin for role in Role for flag in (False, True)]

    assert admins == [False, False, False, False, False, True]
