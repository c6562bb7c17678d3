from datetime import datetime

from limits.aio.storage import RedisStorage

from adapters.redis.server import RedisServer, RedisUnavailable
from application.platform.rate_limits import RateLimit, RateLimiter, RateWindow


class RedisRateLimiter:
    """Fixed windows, counted by all processes that share a Redis server.

    While Redis is down or hangs, each process counts in `fallback`. A request whose first reply came too late counts
    twice. A refund goes to whichever of both counts at that time.
    """

    def __init__(self, server: RedisServer, fallback: RateLimiter) -> None:
        self._server = server
        self._fallback = fallback
        self._storage = RedisStorage(
            server.url,
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="task-manager",
            connection_pool=server.client.connection_pool,
        )

    async def hit(self, limit: RateLimit, client_key: str, at: datetime) -> RateWindow:
        try:
            count = await self._add(1, limit, client_key, at)
        except RedisUnavailable:
            return await self._fallback.hit(limit, client_key, at)
        _, resets_in = limit.window(at)
        return RateWindow(limit, count, resets_in)

    async def refund(self, limit: RateLimit, client_key: str, at: datetime) -> None:
        try:
            await self._add(-1, limit, client_key, at)
        except RedisUnavailable:
            await self._fallback.refund(limit, client_key, at)

    async def check(self) -> None:
        await self._server.check()

    async def _add(self, amount: int, limit: RateLimit, client_key: str, at: datetime) -> int:
        window, _ = limit.window(at)
        key = f"{limit.name}/{limit.seconds}/{client_key}/{window}"
        # This also sets the expiry time if the key is new, so that no key stays for ever.
        return await self._server.call(lambda: self._storage.incr(key, limit.seconds, amount))
