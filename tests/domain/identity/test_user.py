from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from domain.errors import InvalidValue
from domain.identity.user import (
    Role,
    User,
    normalize_login,
    validate_email,
    validate_full_name,
    validate_timezone,
    validate_username,
)
from tests.support.builders import ANN, NOW, a_user
from tests.support.errors import raises_invalid
from tests.support.strategies import ZONES, any_text

LABEL = "d" * 63
DOMAIN_OF_189 = f"{LABEL}.{LABEL}.{'d' * 61}"


def test_a_new_user_is_active_with_role_user_in_utc() -> None:
    user = User.register(id=ANN, username="ann", email="ann@example.com", password_hash="hash", at=NOW)

    assert (user.id, user.username, user.email, user.full_name) == (ANN, "ann", "ann@example.com", None)
    assert (user.role, user.is_active, user.timezone) == (Role.USER, True, "UTC")
    assert (user.created_at, user.updated_at, user.version) == (NOW, NOW, 1)


def test_a_user_can_register_with_full_name_and_time_zone() -> None:
    user = User.register(
        id=ANN,
        username="Ann",
        email="Ann@Example.com",
        password_hash="hash",
        at=NOW,
        full_name=" Ann Lee ",
        timezone="Asia/Kathmandu",
    )

    assert (user.username, user.email, user.full_name) == ("Ann", "Ann@Example.com", "Ann Lee")
    assert user.zone == ZoneInfo("Asia/Kathmandu")


@pytest.mark.parametrize(
    ("username", "email", "full_name", "timezone", "field"),
    [
        ("a b", "ann@example.com", None, "UTC", "username"),
        ("ann", "ann", None, "UTC", "email"),
        ("ann", "ann@example.com", " ", "UTC", "full_name"),
        ("ann", "ann@example.com", None, "Nowhere", "timezone"),
    ],
)
def test_a_failed_registration_names_the_invalid_field(
    username: str, email: str, full_name: str | None, timezone: str, field: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        User.register(
            id=ANN, username=username, email=email, password_hash="hash", at=NOW, full_name=full_name, timezone=timezone
        )

    assert error.value.field == field


def test_roles_are_declared_in_sort_order() -> None:
    assert list(Role) == ["user", "manager", "admin"]


def test_the_repr_does_not_contain_the_password_hash() -> None:
    assert "secret-hash" not in repr(a_user(password_hash="secret-hash"))


@pytest.mark.parametrize("username", ["ann", "x" * 50, "Ann_Lee-3", "---", "123"])
def test_a_username_has_3_to_50_letters_digits_underscores_and_hyphens(username: str) -> None:
    assert validate_username(username) == username


@pytest.mark.parametrize(
    "username",
    [
        *("", "an", "x" * 51, "ann lee", " ann", "ann\n", "ann.lee", "ann@x"),
        *("\xe4nn", "\uff41nn", "\u0661\u0662\u0663", "ann\x00", "a\ud800n"),
    ],
    ids=ascii,
)
def test_an_invalid_username_is_refused_without_repeating_it(username: str) -> None:
    with raises_invalid("username", "invalid_username") as error:
        validate_username(username)

    assert str(error.value) == "username must have 3 to 50 of the characters A-Z a-z 0-9 _ -"


@pytest.mark.parametrize(
    "email",
    [
        pytest.param("a@b.de", id="short"),
        pytest.param("Ann.Lee+tasks@mail.example.com", id="plus"),
        pytest.param("!#$%&'*+/?=^_`{|}~-@example.com", id="every special"),
        pytest.param("x" * 64 + "@example.com", id="local part of 64"),
        pytest.param("x" * 64 + "@" + DOMAIN_OF_189, id="254"),
        pytest.param(f"x@{LABEL}.de", id="label of 63"),
        pytest.param("x@1-2--3.xn--p1ai", id="hyphens inside labels"),
    ],
)
def test_a_valid_email_address_is_accepted(email: str) -> None:
    assert validate_email(email) == email


@pytest.mark.parametrize(
    "email",
    [
        *("", "ann", "@example.com", "ann@", "ann@localhost", "ann@@example.com", "ann@lee@example.com"),
        *(".ann@example.com", "ann.@example.com", "a..n@example.com", "a n@example.com", '"a n"@example.com'),
        *("ann@example.com.", "ann@.example.com", "ann@example..com", "ann@-example.com", "ann@example-.com"),
        *("ann@ex_ample.com", "ann@[127.0.0.1]", "ann@ex\xe4mple.com", "\xe4nn@example.com"),
        *(" ann@example.com", "ann@example.com\n", "ann\r\nBcc:ben@example.com", "ann\x00@example.com"),
        *("ann@example.com\x00", "ann\ud800@example.com"),
        *("=?utf-8?q?ann?=@example.com", "=?us-ascii?b?YW5u?=@example.com", "a.=?@example.com"),
        *("x" * 65 + "@example.com", f"x@{LABEL}d.de", "x" * 64 + "@" + DOMAIN_OF_189 + "d"),
    ],
    ids=lambda email: ascii(email) if len(email) < 50 else f"{len(email)} characters",
)
def test_an_invalid_email_address_is_refused_without_repeating_it(email: str) -> None:
    with raises_invalid("email", "invalid_email") as error:
        validate_email(email)

    assert str(error.value) == ("e-mail address must look like name@example.com, have at most 254 characters and no =?")


def test_logins_are_compared_ignoring_case() -> None:
    assert normalize_login("Ann_Lee") == normalize_login("aNN_lEE") != normalize_login("ann-lee")
    assert normalize_login("Ann@Example.COM") == normalize_login("ann@example.com")


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("Ann", "Ann"), (" Ann Lee ", "Ann Lee"), (" " + "\u674e" * 100 + " ", "\u674e" * 100)],
    ids=["none", "plain", "trimmed", "100"],
)
def test_a_full_name_is_trimmed_and_has_at_most_100_characters(text: str | None, expected: str | None) -> None:
    assert validate_full_name(text) == expected


@pytest.mark.parametrize("name", ["", " ", "\u200b", "x" * 101, "Ann\udc00"], ids=ascii)
def test_a_blank_long_or_unstorable_full_name_is_refused(name: str) -> None:
    with raises_invalid("full_name", "invalid_full_name"):
        validate_full_name(name)


@pytest.mark.parametrize(
    "control", ["\x00", "\n", "\r", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"], ids=ascii
)
@pytest.mark.parametrize("place", ["{}Ann", "An{}n", "Ann{}"])
def test_a_full_name_with_a_control_or_bidi_character_is_refused(control: str, place: str) -> None:
    with raises_invalid("full_name", "invalid_full_name"):
        validate_full_name(place.format(control))


@pytest.mark.parametrize("name", [*ZONES, "America/Argentina/Buenos_Aires"])
def test_a_time_zone_is_an_iana_name(name: str) -> None:
    assert a_user(timezone=validate_timezone(name)).zone.key == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "europe/berlin", "Europe/Atlantis", "Europe", "Europe/", " UTC", "UTC\n", "UTC\x00", "\ud800"),
        *("+02:00", "CEST", "UTC+2", "localtime", "Factory", "posixrules", "posix/UTC", "right/UTC"),
        *("/etc/localtime", "../UTC"),
    ],
    ids=ascii,
)
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with raises_invalid("timezone", "invalid_time_zone"):
        validate_timezone(name)


@given(any_text)
def test_every_accepted_full_name_meets_the_rules(text: str) -> None:
    try:
        name = validate_full_name(text)
    except InvalidValue as error:
        assert error.field == "full_name"
        return
    assert name is not None and 1 <= len(name) <= 100
    assert name == text.strip() == validate_full_name(name)


@given(any_text)
def test_accepted_usernames_addresses_and_time_zones_are_unchanged_ascii(text: str) -> None:
    for rule in (validate_username, validate_email, validate_timezone):
        try:
            assert rule(text) == text and text.isascii()
        except InvalidValue:
            continue
