import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast

from limits.errors import StorageError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from adapters.redis.breaker import CircuitBreaker

PATIENCE: Final = 0.1
"""Seconds for an answer of Redis, with the connection it may take."""
ATTEMPTS: Final = 2
"""The first may meet a connection that was lost meanwhile, which says nothing of Redis."""
CONNECTIONS: Final = 16
"""Who comes when all are in use waits for one: a burst is no reason to open hundreds at once."""

OPTIONS: Final[dict[str, Any]] = {
    "socket_timeout": 10 * PATIENCE,  # ours is to be the first to end
    "socket_connect_timeout": 10 * PATIENCE,
    "retry": Retry(NoBackoff(), 0),
    "protocol": 2,
    "driver_info": None,  # or each connection begins with three more questions
}

T = TypeVar("T")


class Unreachable(Exception):
    """Redis is away, or hangs, and whoever asks does without."""


class RedisServer:
    """One that is asked with little patience: while it is away nobody waits for it, but for the first, and that
    at most 0.2 s. What was asked may have happened although it is Unreachable."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = cast(Any, Redis.from_url(url, **OPTIONS))
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._breaker = CircuitBreaker(self._probe)

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Raises Unreachable."""
        if not self._breaker.is_open:
            async with self._turns:
                for _ in range(ATTEMPTS):
                    if self._breaker.is_open:  # by now
                        break
                    with suppress(RedisError, StorageError, OSError, TimeoutError):
                        async with _patiently():
                            return await question()
                else:
                    self._breaker.trip()
        raise Unreachable

    async def check(self) -> None:
        """Raises what is wrong with it."""
        async with asyncio.timeout(2 * PATIENCE):
            await self.client.ping()

    async def close(self) -> None:
        self._breaker.close()
        await self.client.aclose()

    async def _probe(self) -> None:
        async with _patiently():
            await self.client.ping()


@asynccontextmanager
async def _patiently() -> AsyncIterator[None]:
    """Raises TimeoutError. In two halves: when this process stood still, an answer that is there already would be
    found too late by the first."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        half = loop.call_later(PATIENCE / 2, lambda: limit.reschedule(loop.time() + PATIENCE / 2))
        try:
            yield
        finally:
            half.cancel()
