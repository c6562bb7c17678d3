"""Rate limiters, in process and with a real Valkey server."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final, Self

import pytest

from adapters.process.rate_limiter import InProcessRateLimiter
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.redis.server import RedisServer
from application.platform.rate_limits import RateLimit, RateLimiter
from tests.servers.valkey import ValkeyServer
from tests.support.builders import NOW

LIMIT: Final = RateLimit("read", 10_000, 3600)


class SharedLimiter(RedisRateLimiter):
    """A rate limiter with connections of its own."""

    def __init__(self, url: str) -> None:
        self._server_connection = RedisServer(url)
        super().__init__(self._server_connection, InProcessRateLimiter())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        async with self._server_connection:
            pass


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
async def shared(valkey: ValkeyServer) -> AsyncIterator[RedisRateLimiter]:
    async with SharedLimiter(valkey.url) as limiter:
        yield limiter


async def counts(limiter: RateLimiter, amount: int, client_key: str = "ann") -> list[int]:
    """Return the counts of `amount` concurrent requests, sorted."""
    windows = await asyncio.gather(*(limiter.hit(LIMIT, client_key, NOW) for _ in range(amount)))
    return sorted(window.count for window in windows)


async def test_each_concurrent_request_is_counted_once(shared: RedisRateLimiter) -> None:
    in_process = InProcessRateLimiter()
    for limiter in (in_process, shared):
        assert await counts(limiter, 1000) == list(range(1, 1001))
        assert await counts(limiter, 1, "ben") == [1]


async def test_a_burst_is_still_counted_in_redis(shared: RedisRateLimiter, valkey: ValkeyServer) -> None:
    another = SharedLimiter(valkey.url)
    both = await asyncio.gather(counts(shared, 500), counts(another, 500))
    async with another:
        pass

    assert sorted(both[0] + both[1]) == list(range(1, 1001))


async def test_lost_connections_are_replaced(shared: RedisRateLimiter, valkey: ValkeyServer) -> None:
    await counts(shared, 1)
    valkey.stop()
    valkey.start()
    assert await counts(shared, 1) == [1]
    another = SharedLimiter(valkey.url)
    assert await counts(another, 1) == [2]
    async with another:
        pass


async def test_a_reply_that_arrived_while_this_process_was_blocked_is_not_a_timeout(shared: RedisRateLimiter) -> None:
    # a process may be suspended at any time, by garbage collection or on a busy machine
    async def block(moment: int) -> None:
        for _ in range(moment):
            await asyncio.sleep(0)
        time.sleep(0.15)  # noqa: ASYNC251

    await counts(shared, 16, "ben")
    for moment in range(10):
        found, _ = await asyncio.gather(counts(shared, 16, f"{moment}"), block(moment))
        assert found == list(range(1, 17))


@pytest.mark.parametrize("is_warm", [True, False])
async def test_requests_wait_at_most_once_while_redis_hangs(
    shared: RedisRateLimiter, valkey: ValkeyServer, is_warm: bool
) -> None:
    if is_warm:
        await counts(shared, 100, "ben")
    valkey.pause()
    started = time.monotonic()
    assert await counts(shared, 500) == list(range(1, 501))
    assert time.monotonic() - started < 1.0
    started = time.monotonic()
    assert [await counts(shared, 1) for _ in range(50)] == [[n] for n in range(501, 551)]
    assert time.monotonic() - started < 0.5

    valkey.resume()
    deadline = time.monotonic() + 10
    while await counts(shared, 1) > [500]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_requests_do_not_wait_while_redis_is_down(shared: RedisRateLimiter, valkey: ValkeyServer) -> None:
    valkey.stop()
    started = time.monotonic()
    assert await counts(shared, 500) == list(range(1, 501))
    assert time.monotonic() - started < 1.0
