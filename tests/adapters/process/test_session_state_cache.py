import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.process.session_state_cache import LeasedSessionStateCache
from application.identity.ports import SessionState
from domain.identity.actor import Actor
from domain.identity.session import SessionId
from domain.identity.user import Role
from tests.support.builders import ANN, BEN, NOW

SESSION = SessionId(uuid4())
STATE = SessionState(Actor(ANN, Role.USER, "UTC"), NOW + timedelta(days=1))
FOREVER = 3600.0


class Source:
    """A source of session states that counts its calls and can be blocked."""

    def __init__(self, state: SessionState | None = STATE) -> None:
        self.state = state
        self.calls = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> SessionState | None:
        self.calls += 1
        state = self.state
        await self.may_answer.wait()
        return state


async def test_a_state_is_loaded_once_within_the_lease() -> None:
    cache, source = LeasedSessionStateCache(FOREVER, is_single_process=True), Source()
    for _ in range(3):
        assert await cache.get(SESSION, ANN, source) == STATE

    assert source.calls == 1
    assert await cache.get(SessionId(uuid4()), ANN, source) == STATE
    assert source.calls == 2


async def test_a_missing_session_is_cached_too() -> None:
    cache, source = LeasedSessionStateCache(FOREVER, is_single_process=True), Source(None)
    for _ in range(3):
        assert await cache.get(SESSION, ANN, source) is None

    assert source.calls == 1


async def test_a_cached_state_is_not_returned_for_another_user() -> None:
    cache, source, other = LeasedSessionStateCache(FOREVER, is_single_process=True), Source(), Source(None)
    await cache.get(SESSION, ANN, source)

    assert await cache.get(SESSION, BEN, other) is None
    assert other.calls == 1


@pytest.mark.parametrize("lease", [0.0, 0.02])
async def test_a_state_is_loaded_again_after_the_lease(lease: float) -> None:
    cache, source = LeasedSessionStateCache(lease), Source()
    await cache.get(SESSION, ANN, source)
    source.state = None
    await asyncio.sleep(lease)

    assert await cache.get(SESSION, ANN, source) is None


async def test_invalidation_keeps_the_states_of_other_users() -> None:
    cache, ann_source, ben_source = LeasedSessionStateCache(FOREVER, is_single_process=True), Source(), Source()
    ben_session = SessionId(uuid4())
    await cache.get(SESSION, ANN, ann_source)
    await cache.get(ben_session, BEN, ben_source)
    await cache.invalidate(ANN)
    await cache.get(SESSION, ANN, ann_source)
    await cache.get(ben_session, BEN, ben_source)

    assert (ann_source.calls, ben_source.calls) == (2, 1)


async def test_a_state_loaded_before_an_invalidation_is_not_cached() -> None:
    cache, source = LeasedSessionStateCache(FOREVER, is_single_process=True), Source()
    source.may_answer.clear()
    reading = asyncio.create_task(cache.get(SESSION, ANN, source))
    await asyncio.sleep(0)
    assert source.calls == 1
    source.state = None
    await cache.invalidate(ANN)
    source.may_answer.set()
    await reading

    assert await cache.get(SESSION, ANN, source) is None


async def test_invalidation_waits_until_no_worker_uses_an_older_state() -> None:
    one, other = LeasedSessionStateCache(0.05), LeasedSessionStateCache(0.05)
    source = Source()
    await other.get(SESSION, ANN, source)
    source.state = None
    assert await other.get(SESSION, ANN, source) == STATE
    await one.invalidate(ANN)

    assert await other.get(SESSION, ANN, source) is None


@pytest.mark.parametrize("is_cached", [False, True])
async def test_a_missing_session_is_reported_when_no_worker_uses_an_older_state(is_cached: bool) -> None:
    one, other = LeasedSessionStateCache(0.05), LeasedSessionStateCache(0.05)
    revoked = Source(None)
    revoked.may_answer.clear()
    lookups = [asyncio.create_task(one.get(SESSION, ANN, revoked))]
    await asyncio.sleep(0.03)  # the revocation is committed while the look-up runs
    await other.get(SESSION, ANN, Source())
    revoked.may_answer.set()
    if is_cached:
        while not one.lookups.hits:
            lookups.append(asyncio.create_task(one.get(SESSION, ANN, revoked)))
            await asyncio.sleep(0)

    assert [await lookup for lookup in lookups] == [None] * len(lookups)
    assert await other.get(SESSION, ANN, revoked) is None


async def test_nothing_waits_in_a_single_process() -> None:
    cache = LeasedSessionStateCache(FOREVER, is_single_process=True)
    async with asyncio.timeout(1):
        await cache.invalidate(ANN)
        await cache.wait_until_current()
        assert await cache.get(SESSION, ANN, Source(None)) is None
