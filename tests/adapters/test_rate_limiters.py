"""Rate limiters, in process and with a real Valkey server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Final, Self, TypeVar

import pytest

from adapters.process.rate_limiter import InProcessRateLimiter
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.redis.server import MAX_ATTEMPTS, MAX_CONNECTIONS, RedisServer
from application.platform.rate_limits import RateLimit, RateLimiter
from tests.servers.valkey import ValkeyServer
from tests.support.builders import NOW

LIMIT: Final = RateLimit("read", 10_000, 3600)

T = TypeVar("T")


class CountingRedisServer(RedisServer):
    """Counts the commands that are sent. Each waits for a reply."""

    sent = 0

    async def call(self, command: Callable[[], Awaitable[T]]) -> T:
        def send() -> Awaitable[T]:
            self.sent += 1
            return command()

        return await super().call(send)


class SharedLimiter(RedisRateLimiter):
    """A rate limiter with connections of its own."""

    def __init__(self, url: str) -> None:
        self._server_connection = CountingRedisServer(url)
        super().__init__(self._server_connection, InProcessRateLimiter())

    @property
    def sent(self) -> int:
        return self._server_connection.sent

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
async def shared(valkey: ValkeyServer) -> AsyncIterator[SharedLimiter]:
    async with SharedLimiter(valkey.url) as limiter:
        yield limiter


@pytest.fixture
def long_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a busy machine: its replies take longer than the timeout."""
    monkeypatch.setattr("adapters.redis.server.TIMEOUT", 10.0)


async def counts(limiter: RateLimiter, amount: int, client_key: str = "ann") -> list[int]:
    """Return the counts of `amount` concurrent requests, sorted."""
    windows = await asyncio.gather(*(limiter.hit(LIMIT, client_key, NOW) for _ in range(amount)))
    return sorted(window.count for window in windows)


@pytest.mark.usefixtures("long_timeout")
async def test_each_concurrent_request_is_counted_once(shared: RedisRateLimiter) -> None:
    in_process = InProcessRateLimiter()
    for limiter in (in_process, shared):
        assert await counts(limiter, 1000) == list(range(1, 1001))
        assert await counts(limiter, 1, "ben") == [1]


@pytest.mark.usefixtures("long_timeout")
async def test_a_refund_takes_back_one_request_of_its_window(shared: RedisRateLimiter) -> None:
    in_process = InProcessRateLimiter()
    next_window = NOW + timedelta(seconds=LIMIT.seconds)
    for limiter in (in_process, shared):
        assert await counts(limiter, 3) == [1, 2, 3]
        await asyncio.gather(*(limiter.refund(LIMIT, "ann", NOW) for _ in range(2)))
        assert await counts(limiter, 1) == [2]
        assert (await limiter.hit(LIMIT, "ann", next_window)).count == 1
        await limiter.refund(LIMIT, "ben", NOW)


@pytest.mark.usefixtures("long_timeout")
async def test_every_key_in_redis_expires(shared: RedisRateLimiter, valkey: ValkeyServer) -> None:
    await shared.hit(LIMIT, "ann", NOW)
    await shared.refund(LIMIT, "ann", NOW)
    await shared.refund(LIMIT, "ben", NOW)  # counted in process, because Redis was down

    async with RedisServer(valkey.url) as server:
        keys = await server.client.keys()
        lifetimes = [await server.client.ttl(key) for key in keys]
    assert len(lifetimes) == 2
    assert all(0 < lifetime <= LIMIT.seconds for lifetime in lifetimes)


async def test_a_refund_goes_to_the_count_in_process_while_redis_is_down(
    shared: RedisRateLimiter, valkey: ValkeyServer
) -> None:
    valkey.stop()
    assert await counts(shared, 2) == [1, 2]
    await shared.refund(LIMIT, "ann", NOW)
    assert await counts(shared, 1) == [2]


async def test_the_memory_of_the_limiter_in_process_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InProcessRateLimiter, "MAX_COUNTS", 100)
    limiter = InProcessRateLimiter()
    for n in range(150):
        await limiter.hit(LIMIT, f"{n}", NOW)
        await limiter.refund(LIMIT, f"unknown-{n}", NOW)
        await limiter.hit(LIMIT, "ann", NOW)

    assert await counts(limiter, 1) == [151]
    assert [await counts(limiter, 1, f"{n}") for n in (149, 0)] == [[2], [1]]


@pytest.mark.usefixtures("long_timeout")
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
    shared: SharedLimiter, valkey: ValkeyServer, is_warm: bool
) -> None:
    if is_warm:
        await counts(shared, 100, "ben")
    valkey.pause()
    sent = shared.sent
    assert await counts(shared, 500) == list(range(1, 501))
    assert shared.sent <= sent + MAX_CONNECTIONS * MAX_ATTEMPTS
    sent = shared.sent
    assert [await counts(shared, 1) for _ in range(50)] == [[n] for n in range(501, 551)]
    assert shared.sent == sent

    valkey.resume()
    deadline = time.monotonic() + 10
    while await counts(shared, 1) > [500]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_requests_do_not_wait_while_redis_is_down(shared: SharedLimiter, valkey: ValkeyServer) -> None:
    valkey.stop()
    assert await counts(shared, 500) == list(range(1, 501))
    assert shared.sent <= MAX_CONNECTIONS * MAX_ATTEMPTS
