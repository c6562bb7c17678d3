import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.process.session_state_cache import LeasedStandingCache
from application.identity.ports import Standing
from domain.identity.actor import Actor
from domain.identity.session import SessionId
from domain.identity.user import Role
from tests.support.builders import ANN, BEN, NOW

SESSION = SessionId(uuid4())
STANDING = Standing(Actor(ANN, Role.USER, "UTC"), NOW + timedelta(days=1))
FOREVER = 3600.0


class Source:
    """Counts what it is asked; answers when it may."""

    def __init__(self, standing: Standing | None = STANDING) -> None:
        self.standing = standing
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> Standing | None:
        self.asked += 1
        standing = self.standing
        await self.may_answer.wait()
        return standing


async def test_what_is_known_is_not_asked_for_again_within_the_lease() -> None:
    cache, source = LeasedStandingCache(FOREVER, is_alone=True), Source()
    for _ in range(3):
        assert await cache.get(SESSION, ANN, source) == STANDING

    assert source.asked == 1
    assert await cache.get(SessionId(uuid4()), ANN, source) == STANDING
    assert source.asked == 2


async def test_that_there_is_no_such_session_is_known_too() -> None:
    cache, source = LeasedStandingCache(FOREVER, is_alone=True), Source(None)
    for _ in range(3):
        assert await cache.get(SESSION, ANN, source) is None

    assert source.asked == 1


async def test_what_is_known_of_a_session_is_not_told_of_another_user() -> None:
    cache, source, other = LeasedStandingCache(FOREVER, is_alone=True), Source(), Source(None)
    await cache.get(SESSION, ANN, source)

    assert await cache.get(SESSION, BEN, other) is None
    assert other.asked == 1


@pytest.mark.parametrize("lease", [0.0, 0.02])
async def test_after_the_lease_it_is_asked_for_again(lease: float) -> None:
    cache, source = LeasedStandingCache(lease), Source()
    await cache.get(SESSION, ANN, source)
    source.standing = None
    await asyncio.sleep(lease)

    assert await cache.get(SESSION, ANN, source) is None


async def test_what_is_forgotten_of_one_user_is_still_known_of_others() -> None:
    cache, anns, bens = LeasedStandingCache(FOREVER, is_alone=True), Source(), Source()
    ben_session = SessionId(uuid4())
    await cache.get(SESSION, ANN, anns)
    await cache.get(ben_session, BEN, bens)
    await cache.forget(ANN)
    await cache.get(SESSION, ANN, anns)
    await cache.get(ben_session, BEN, bens)

    assert (anns.asked, bens.asked) == (2, 1)


async def test_what_was_read_before_it_was_to_be_forgotten_is_not_kept() -> None:
    cache, source = LeasedStandingCache(FOREVER, is_alone=True), Source()
    source.may_answer.clear()
    reading = asyncio.create_task(cache.get(SESSION, ANN, source))
    await asyncio.sleep(0)
    assert source.asked == 1
    source.standing = None
    await cache.forget(ANN)
    source.may_answer.set()
    await reading

    assert await cache.get(SESSION, ANN, source) is None


async def test_who_forgets_waits_until_no_other_worker_knows() -> None:
    one, other = LeasedStandingCache(0.05), LeasedStandingCache(0.05)
    source = Source()
    await other.get(SESSION, ANN, source)
    source.standing = None
    assert await other.get(SESSION, ANN, source) == STANDING
    await one.forget(ANN)

    assert await other.get(SESSION, ANN, source) is None


async def test_who_is_alone_need_not_wait() -> None:
    async with asyncio.timeout(1):
        await LeasedStandingCache(FOREVER, is_alone=True).forget(ANN)
