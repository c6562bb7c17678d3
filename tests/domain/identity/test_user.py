from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from domain.errors import InvalidEmail, InvalidFullName, InvalidTimeZone, InvalidUsername, InvalidValue
from domain.identity.user import Role, User, name_key, valid_email, valid_full_name, valid_timezone, valid_username
from tests.support.builders import ANN, NOW, a_user
from tests.support.strategies import ZONES, any_text

LABEL = "d" * 63
DOMAIN_OF_189 = f"{LABEL}.{LABEL}.{'d' * 61}"


def test_a_registered_user_is_an_active_plain_user_in_utc() -> None:
    user = User.register(id=ANN, username="ann", email="ann@example.com", password_hash="hash", at=NOW)

    assert (user.id, user.username, user.email, user.full_name) == (ANN, "ann", "ann@example.com", None)
    assert (user.role, user.is_active, user.timezone) == (Role.USER, True, "UTC")
    assert (user.created_at, user.updated_at, user.version) == (NOW, NOW, 1)


def test_a_user_may_register_with_a_name_and_a_time_zone() -> None:
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
def test_registering_names_the_field_that_breaks_its_rule(
    username: str, email: str, full_name: str | None, timezone: str, field: str
) -> None:
    with pytest.raises(InvalidValue) as refusal:
        User.register(
            id=ANN, username=username, email=email, password_hash="hash", at=NOW, full_name=full_name, timezone=timezone
        )

    assert refusal.value.field == field


def test_roles_stand_in_sorting_order() -> None:
    assert list(Role) == ["user", "manager", "admin"]


def test_the_password_hash_is_not_shown() -> None:
    assert "secret-hash" not in repr(a_user(password_hash="secret-hash"))


@pytest.mark.parametrize("username", ["ann", "x" * 50, "Ann_Lee-3", "---", "123"])
def test_a_username_is_3_to_50_letters_digits_underscores_and_hyphens(username: str) -> None:
    assert valid_username(username) == username


@pytest.mark.parametrize(
    "username",
    [
        *("", "an", "x" * 51, "ann lee", " ann", "ann\n", "ann.lee", "ann@x"),
        *("\xe4nn", "\uff41nn", "\u0661\u0662\u0663", "ann\x00", "a\ud800n"),
    ],
    ids=ascii,
)
def test_any_other_username_is_refused_without_repeating_it(username: str) -> None:
    with pytest.raises(InvalidUsername) as refusal:
        valid_username(username)

    assert refusal.value.field == "username"
    assert str(refusal.value) == "a username has 3 to 50 of the characters A-Z a-z 0-9 _ -"


@pytest.mark.parametrize(
    "email",
    [
        pytest.param("a@b.de", id="short"),
        pytest.param("Ann.Lee+tasks@mail.example.com", id="plus"),
        pytest.param("!#$%&'*+/=?^_`{|}~-@example.com", id="every special"),
        pytest.param("x" * 64 + "@example.com", id="local part of 64"),
        pytest.param("x" * 64 + "@" + DOMAIN_OF_189, id="254"),
        pytest.param(f"x@{LABEL}.de", id="label of 63"),
        pytest.param("x@1-2--3.xn--p1ai", id="hyphens inside labels"),
    ],
)
def test_an_email_is_a_dot_atom_at_a_domain(email: str) -> None:
    assert valid_email(email) == email


@pytest.mark.parametrize(
    "email",
    [
        *("", "ann", "@example.com", "ann@", "ann@localhost", "ann@@example.com", "ann@lee@example.com"),
        *(".ann@example.com", "ann.@example.com", "a..n@example.com", "a n@example.com", '"a n"@example.com'),
        *("ann@example.com.", "ann@.example.com", "ann@example..com", "ann@-example.com", "ann@example-.com"),
        *("ann@ex_ample.com", "ann@[127.0.0.1]", "ann@ex\xe4mple.com", "\xe4nn@example.com"),
        *(" ann@example.com", "ann@example.com\n", "ann\r\nBcc:ben@example.com", "ann\x00@example.com"),
        *("ann@example.com\x00", "ann\ud800@example.com"),
        *("x" * 65 + "@example.com", f"x@{LABEL}d.de", "x" * 64 + "@" + DOMAIN_OF_189 + "d"),
    ],
    ids=lambda email: ascii(email) if len(email) < 50 else f"{len(email)} characters",
)
def test_any_other_email_is_refused_without_repeating_it(email: str) -> None:
    with pytest.raises(InvalidEmail) as refusal:
        valid_email(email)

    assert refusal.value.field == "email"
    assert str(refusal.value) == "an e-mail address looks like name@example.com and has at most 254 characters"


def test_names_are_the_same_ignoring_case() -> None:
    assert name_key("Ann_Lee") == name_key("aNN_lEE") != name_key("ann-lee")
    assert name_key("Ann@Example.COM") == name_key("ann@example.com")


@pytest.mark.parametrize(
    ("text", "kept"),
    [(None, None), ("Ann", "Ann"), (" Ann Lee\n", "Ann Lee"), (" " + "\u674e" * 100 + " ", "\u674e" * 100)],
    ids=["none", "plain", "trimmed", "100"],
)
def test_a_full_name_is_up_to_100_characters_trimmed_or_none(text: str | None, kept: str | None) -> None:
    assert valid_full_name(text) == kept


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u202e", "x" * 101, "Ann\x00", "\x00", "Ann\udc00"], ids=ascii)
def test_a_blank_long_or_unstorable_full_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidFullName) as refusal:
        valid_full_name(name)

    assert refusal.value.field == "full_name"


@pytest.mark.parametrize("name", [*ZONES, "America/Argentina/Buenos_Aires"])
def test_a_time_zone_is_an_iana_name(name: str) -> None:
    assert a_user(timezone=valid_timezone(name)).zone.key == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "europe/berlin", "Europe/Atlantis", "Europe", "Europe/", " UTC", "UTC\n", "UTC\x00", "\ud800"),
        *("+02:00", "CEST", "UTC+2", "localtime", "posixrules", "posix/UTC", "right/UTC", "/etc/localtime", "../UTC"),
    ],
    ids=ascii,
)
def test_any_other_time_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidTimeZone) as refusal:
        valid_timezone(name)

    assert refusal.value.field == "timezone"


@given(any_text)
def test_any_text_is_a_full_name_that_keeps_the_rules_or_is_refused(text: str) -> None:
    try:
        name = valid_full_name(text)
    except InvalidFullName:
        return
    assert name is not None and 1 <= len(name) <= 100
    assert name == text.strip() == valid_full_name(name)


@given(any_text)
def test_no_text_breaks_the_rules_of_names_and_zones(text: str) -> None:
    for rule in (valid_username, valid_email, valid_timezone):
        try:
            assert rule(text) == text and text.isascii()
        except InvalidValue:
            continue
