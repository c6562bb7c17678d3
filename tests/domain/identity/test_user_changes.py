from datetime import timedelta
from typing import Final

import pytest

from domain.errors import InvalidValue
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
def test_an_edit_creates_the_next_version_with_exactly_these_changes(changes: UserChanges) -> None:
    user = a_user(full_name="Ann")
    edited = user.edit(at=LATER, **changes)

    assert (edited.version, edited.updated_at, edited.created_at) == (2, LATER, NOW)
    for field in ("id", "username", "email", "full_name", "timezone", "role", "is_active", "password_hash"):
        assert getattr(edited, field) == changes.get(field, getattr(user, field))
    assert user.version == 1


def test_an_edit_without_changes_returns_the_same_object() -> None:
    user = a_user(full_name="Kim")

    assert user.edit(at=LATER) is user
    assert user.edit(at=LATER, email=user.email, full_name=" Kim ", role=Role.USER, is_active=True) is user


def test_none_clears_a_full_name_and_an_absent_field_keeps_it() -> None:
    user = a_user(full_name="Kim")

    assert user.edit(at=LATER, full_name=None).full_name is None
    assert user.edit(at=LATER, timezone="Asia/Seoul").full_name == "Kim"


def test_another_case_of_the_email_address_is_a_change() -> None:
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
def test_a_failed_edit_names_the_invalid_field(changes: UserChanges, field: str) -> None:
    with pytest.raises(InvalidValue) as error:
        a_user().edit(at=LATER, **changes)

    assert error.value.field == field


def test_values_older_than_a_rule_do_not_prevent_other_changes() -> None:
    old = a_user(email="=?utf-8?q?ann?=@example.com", full_name="Ann\x1b[31m")

    edited = old.edit(at=LATER, timezone="Asia/Seoul")
    assert (edited.timezone, edited.email, edited.full_name) == ("Asia/Seoul", old.email, old.full_name)


def test_a_new_password_creates_a_new_version() -> None:
    user = a_user(password_hash="old")
    changed = user.with_password("new", at=LATER)

    assert (changed.password_hash, changed.version, changed.updated_at) == ("new", 2, LATER)
    assert (user.password_hash, changed.email, changed.created_at) == ("old", user.email, NOW)


def test_no_version_is_older_than_the_one_before() -> None:
    user, earlier = a_user(), NOW - timedelta(seconds=1)

    assert user.edit(at=earlier, full_name="Kim").updated_at == NOW
    assert user.with_password("new", at=earlier).updated_at == NOW


def test_an_active_admin_is_active_and_an_admin() -> None:
    admins = [a_user(role=role, is_active=flag).is_active_admin for role in Role for flag in (False, True)]

    assert admins == [False, False, False, False, False, True]
