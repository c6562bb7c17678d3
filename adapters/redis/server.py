import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self, TypeVar, cast

import structlog
from limits.errors import StorageError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from adapters.redis.circuit_breaker import CircuitBreaker

TIMEOUT: Final = 0.1
"""Seconds for a reply of Redis, including the time for a new connection."""
MAX_ATTEMPTS: Final = 2
"""The first attempt may use a connection that was lost in the meantime, which says nothing about Redis itself."""
MAX_CONNECTIONS: Final = 16
"""Further calls wait for a free connection, so that a burst does not open hundreds at once."""

OPTIONS: Final[dict[str, Any]] = {
    "socket_timeout": 10 * TIMEOUT,  # longer than our own timeout, which must expire first
    "socket_connect_timeout": 10 * TIMEOUT,
    "retry": Retry(NoBackoff(), 0),
    "protocol": 2,
    "driver_info": None,  # otherwise each connection starts with three more commands
}

T = TypeVar("T")


class RedisUnavailable(Exception):
    """Redis is down or hangs. The caller continues without it."""


class RedisServer:
    """A Redis server that is called with a short timeout.

    While it is down, callers do not wait, except for the first one, which waits at most 0.2 s. A command may have been
    executed although the call raised RedisUnavailable.
    """

    def __init__(self, url: str) -> None:
        """Create a client without connecting.

        Raises:
            ValueError: A parameter of the URL is unknown or has a wrong value.
        """
        self.url = url
        self.client = cast(Any, Redis.from_url(url, **OPTIONS))
        try:
            self.client.connection_pool.make_connection()
        except TypeError as error:
            raise ValueError("unknown parameter") from error
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)
        self._breaker = CircuitBreaker(self._probe, self._log_change)
        self._log = structlog.get_logger("redis")

    async def call(self, command: Callable[[], Awaitable[T]]) -> T:
        """Run a command on the server and return its result.

        Raises:
            RedisUnavailable: The server did not reply in time, or the circuit is open.
        """
        if not self._breaker.is_open:
            async with self._connections:
                for _ in range(MAX_ATTEMPTS):
                    if self._breaker.is_open:  # another call failed while this one waited
                        break
                    with suppress(RedisError, StorageError, OSError, TimeoutError):
                        async with _timeout():
                            return await command()
                else:
                    self._breaker.trip()
        raise RedisUnavailable

    async def check(self) -> None:
        """Raise an error if the server does not answer a ping."""
        async with asyncio.timeout(2 * TIMEOUT):
            await self.client.ping()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._breaker.close()
        await self.client.aclose()

    def _log_change(self, is_lost: bool) -> None:
        self._log.warning("redis_lost" if is_lost else "redis_returned")

    async def _probe(self) -> None:
        async with _timeout():
            await self.client.ping()


@asynccontextmanager
async def _timeout() -> AsyncIterator[None]:
    """Raise TimeoutError after TIMEOUT.

    The timeout has two halves. If this process was suspended, a single timer would expire before the event loop reads a
    reply that has already arrived.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        second_half = loop.call_later(TIMEOUT / 2, lambda: limit.reschedule(loop.time() + TIMEOUT / 2))
        try:
            yield
        finally:
            second_half.cancel()
