from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import InvalidToken, RefreshTokenReused
from tests.support.builders import NOW, a_session

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def test_a_session_expires_after_its_lifetime() -> None:
    session = a_session(lifetime=DAY)

    assert (session.created_at, session.last_used_at, session.expires_at) == (NOW, NOW, NOW + DAY)
    assert not session.is_expired(NOW + DAY - TICK)
    assert session.is_expired(NOW + DAY)


def test_a_refresh_replaces_the_token_but_not_the_expiry_time() -> None:
    first = a_session(refresh_hash=b"first", lifetime=DAY)
    second = first.refresh(b"first", b"second", family=b"family", at=NOW + TICK)

    assert (second.refresh_hash, second.last_used_at, second.expires_at) == (b"second", NOW + TICK, NOW + DAY)
    assert (second.id, second.user_id, second.created_at) == (first.id, first.user_id, NOW)
    assert first.refresh_hash == b"first"


def test_a_refresh_is_not_earlier_than_the_one_before() -> None:
    session = a_session(refresh_hash=b"first").refresh(b"first", b"second", family=b"family", at=NOW - TICK)

    assert session.last_used_at == session.created_at == NOW


@pytest.mark.parametrize("presented", [b"first", b"", b"second ", b"third"])
def test_another_token_of_the_family_was_replaced(presented: bytes) -> None:
    session = a_session(refresh_hash=b"first").refresh(b"first", b"second", family=b"family", at=NOW)
    with pytest.raises(RefreshTokenReused) as error:
        session.refresh(presented, b"third", family=b"family", at=NOW)

    assert isinstance(error.value, InvalidToken)
    assert (error.value.code, str(error.value)) == ("INVALID_TOKEN", "token is invalid")


@pytest.mark.parametrize("is_from_before", [False, True], ids=["with family", "from the version before"])
def test_a_token_that_the_session_never_had_is_invalid_but_not_reused(is_from_before: bool) -> None:
    session = replace(a_session(), family_hash=None) if is_from_before else a_session()
    with pytest.raises(InvalidToken) as error:
        session.refresh(b"made up", b"second", family=b"another family", at=NOW)

    assert not isinstance(error.value, RefreshTokenReused)


def test_a_session_from_the_version_before_gets_the_family_of_its_first_refresh() -> None:
    first = replace(a_session(), family_hash=None)
    second = first.refresh(b"first", b"second", family=b"family", at=NOW)

    assert (second.refresh_hash, second.family_hash) == (b"second", b"family")
    with pytest.raises(RefreshTokenReused):
        second.refresh(b"first", b"third", family=b"family", at=NOW)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(None, None), ("", None), ("Browser", "Browser"), ("x" * 256, "x" * 255), ("a\x00", None), ("\ud800", None)],
    ids=["none", "empty", "plain", "long", "NUL", "surrogate"],
)
def test_a_user_agent_is_truncated_and_dropped_if_it_cannot_be_stored(sent: str | None, stored: str | None) -> None:
    assert a_session(user_agent=sent).user_agent == stored


def test_the_repr_does_not_contain_the_token_hash() -> None:
    assert "first" not in repr(a_session(refresh_hash=b"first"))
