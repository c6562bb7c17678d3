from datetime import timedelta

import pytest

from domain.errors import InvalidToken, RefreshTokenReused
from tests.support.builders import NOW, a_session

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def test_a_session_begins_used_now_and_ends_after_its_lifetime() -> None:
    session = a_session(lifetime=DAY)

    assert (session.created_at, session.last_used_at, session.expires_at) == (NOW, NOW, NOW + DAY)
    assert not session.is_over(NOW + DAY - TICK)
    assert session.is_over(NOW + DAY)


def test_a_refresh_replaces_the_token_and_does_not_prolong_the_session() -> None:
    first = a_session(refresh_hash=b"first", lifetime=DAY)
    second = first.refresh(b"first", b"second", at=NOW + TICK)

    assert (second.refresh_hash, second.last_used_at, second.expires_at) == (b"second", NOW + TICK, NOW + DAY)
    assert (second.id, second.user_id, second.created_at) == (first.id, first.user_id, NOW)
    assert first.refresh_hash == b"first"


@pytest.mark.parametrize("presented", [b"first", b"", b"second ", b"third"])
def test_only_the_latest_token_refreshes(presented: bytes) -> None:
    session = a_session(refresh_hash=b"first").refresh(b"first", b"second", at=NOW)
    with pytest.raises(RefreshTokenReused) as refusal:
        session.refresh(presented, b"third", at=NOW)

    assert isinstance(refusal.value, InvalidToken)
    assert (refusal.value.code, str(refusal.value)) == ("INVALID_TOKEN", "the token is not valid")


@pytest.mark.parametrize(
    ("told", "kept"),
    [(None, None), ("", None), ("Browser", "Browser"), ("x" * 256, "x" * 255), ("a\x00", None), ("\ud800", None)],
    ids=["none", "empty", "plain", "long", "NUL", "surrogate"],
)
def test_a_user_agent_is_kept_as_far_as_it_can_be_stored(told: str | None, kept: str | None) -> None:
    assert a_session(user_agent=told).user_agent == kept


def test_the_hash_of_the_token_is_not_shown() -> None:
    assert "first" not in repr(a_session(refresh_hash=b"first"))
