import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final, cast

from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.errors import StorageError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from adapters.limits.breaker import CircuitBreaker
from application.ports.limits import RateLimit, RateWindow

PATIENCE: Final = 0.1
"""Seconds for an answer of Redis, with the connection it may take."""
ATTEMPTS: Final = 2
"""The first may meet a connection that was lost meanwhile, which says nothing of Redis."""
CONNECTIONS: Final = 16
"""Who comes when all are in use waits for one: a burst is no reason to open hundreds at once."""


class InProcessRateLimiter:
    """Fixed windows, counted by this process alone."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()

    async def hit(self, limit: RateLimit, who: str, at: datetime) -> RateWindow:
        return await _hit(self._storage, limit, who, at)

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        await self._storage.reset()


class RedisRateLimiter:
    """Fixed windows, counted by all processes that share a Redis server.

    While that is away or hangs each process counts for itself, after one wait of at most 0.2 s. A request whose
    first answer came too late counts twice.
    """

    def __init__(self, url: str) -> None:
        self._storage = RedisStorage(
            url,
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="task-manager",
            socket_timeout=10 * PATIENCE,  # ours is to be the first to end
            socket_connect_timeout=10 * PATIENCE,
            retry=cast(Any, Retry(NoBackoff(), 0)),
            protocol=2,
            driver_info=cast(Any, None),  # or each connection begins with three more questions
        )
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._alone = InProcessRateLimiter()
        self._breaker = CircuitBreaker(self._probe)

    async def hit(self, limit: RateLimit, who: str, at: datetime) -> RateWindow:
        if not self._breaker.is_open:
            async with self._turns:
                for _ in range(ATTEMPTS):
                    if self._breaker.is_open:  # by now
                        break
                    with suppress(StorageError, TimeoutError):
                        return await self._shared(limit, who, at)
                else:
                    self._breaker.trip()
        return await self._alone.hit(limit, who, at)

    async def check(self) -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await self._redis.ping()

    async def close(self) -> None:
        self._breaker.close()
        await self._alone.close()
        await self._redis.aclose()

    @property
    def _redis(self) -> Any:
        return cast(Any, self._storage.bridge).storage

    async def _shared(self, limit: RateLimit, who: str, at: datetime) -> RateWindow:
        async with _patiently():
            return await _hit(self._storage, limit, who, at)

    async def _probe(self) -> None:
        async with _patiently():
            await self._storage.incr("probe", 1)


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


async def _hit(storage: Storage, limit: RateLimit, who: str, at: datetime) -> RateWindow:
    window, elapsed = divmod(int(at.timestamp()), limit.seconds)
    count = await storage.incr(f"{limit.name}/{limit.seconds}/{who}/{window}", limit.seconds)
    return RateWindow(limit, count, limit.seconds - elapsed)
