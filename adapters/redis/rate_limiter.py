from datetime import datetime

from limits.aio.storage import RedisStorage

from adapters.redis.server import RedisServer, RedisUnavailable
from application.platform.rate_limits import RateLimit, RateLimiter, RateWindow


class RedisRateLimiter:
    """Fixed windows, counted by all processes that share a Redis server.

    While Redis is down or hangs, each process counts in `fallback`. A request whose first reply came too late counts
    twice.
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
        window, resets_in = limit.window(at)
        key = f"{limit.name}/{limit.seconds}/{client_key}/{window}"
        try:
            count = await self._server.call(lambda: self._storage.incr(key, limit.seconds))
        except RedisUnavailable:
            return await self._fallback.hit(limit, client_key, at)
        return RateWindow(limit, count, resets_in)

    async def check(self) -> None:
        await self._server.check()
