"""How requests are counted, in process and with a real Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest

from adapters.process.rate_limiter import InProcessRateLimiter
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.redis.server import RedisServer
from application.platform.rate_limits import RateLimit, RateLimiter
from tests.servers.valkey import ValkeyServer
from tests.support.builders import NOW

LIMIT: Final = RateLimit("read", 10_000, 3600)


class SharedLimiter(RedisRateLimiter):
    """With a way to the server that is its own."""

    def __init__(self, url: str) -> None:
        self._own = RedisServer(url)
        super().__init__(self._own, InProcessRateLimiter())

    async def close(self) -> None:
        await super().close()
        await self._own.close()


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
async def shared(valkey: ValkeyServer) -> AsyncIterator[RedisRateLimiter]:
    limiter = SharedLimiter(valkey.url)
    yield limiter
    await limiter.close()


async def counts(limiter: RateLimiter, amount: int, who: str = "ann") -> list[int]:
    """Of so many requests at once."""
    windows = await asyncio.gather(*(limiter.hit(LIMIT, who, NOW) for _ in range(amount)))
    return sorted(window.count for window in windows)


async def test_each_of_many_at_once_is_counted_once(shared: RedisRateLimiter) -> None:
    alone = InProcessRateLimiter()
    for limiter in (alone, shared):
        assert await counts(limiter, 1000) == list(range(1, 1001))
        assert await counts(limiter, 1, "ben") == [1]
    await alone.close()


async def test_a_burst_is_no_reason_to_count_alone(shared: RedisRateLimiter, valkey: ValkeyServer) -> None:
    another = SharedLimiter(valkey.url)
    both = await asyncio.gather(counts(shared, 500), counts(another, 500))
    await another.close()

    assert sorted(both[0] + both[1]) == list(range(1, 1001))


async def test_connections_that_were_lost_are_no_reason_either(shared: RedisRateLimiter, valkey: ValkeyServer) -> None:
    await counts(shared, 1)
    valkey.stop()
    valkey.start()
    assert await counts(shared, 1) == [1]
    another = SharedLimiter(valkey.url)
    assert await counts(another, 1) == [2]
    await another.close()


async def test_an_answer_that_waits_for_this_process_is_not_late(shared: RedisRateLimiter) -> None:
    """Which may stand still at any moment, while garbage is collected or the machine is busy."""

    async def stand_still(moment: int) -> None:
        for _ in range(moment):
            await asyncio.sleep(0)
        time.sleep(0.15)  # noqa: ASYNC251

    await counts(shared, 16, "ben")
    for moment in range(10):
        found, _ = await asyncio.gather(counts(shared, 16, f"{moment}"), stand_still(moment))
        assert found == list(range(1, 17))


@pytest.mark.parametrize("is_warm", [True, False])
async def test_when_it_hangs_all_wait_once_and_nobody_after(
    shared: RedisRateLimiter, valkey: ValkeyServer, is_warm: bool
) -> None:
    if is_warm:
        await counts(shared, 100, "ben")
    valkey.pause()
    began = time.monotonic()
    assert await counts(shared, 500) == list(range(1, 501))
    assert time.monotonic() - began < 1.0
    began = time.monotonic()
    assert [await counts(shared, 1) for _ in range(50)] == [[n] for n in range(501, 551)]
    assert time.monotonic() - began < 0.5

    valkey.resume()
    deadline = time.monotonic() + 10
    while await counts(shared, 1) > [500]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_when_it_is_gone_nobody_waits(shared: RedisRateLimiter, valkey: ValkeyServer) -> None:
    valkey.stop()
    began = time.monotonic()
    assert await counts(shared, 500) == list(range(1, 501))
    assert time.monotonic() - began < 1.0
