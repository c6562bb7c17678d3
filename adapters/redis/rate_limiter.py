from datetime import datetime

from limits.aio.storage import RedisStorage

from adapters.redis.server import RedisServer, Unreachable
from application.platform.rate_limits import RateLimit, RateLimiter, RateWindow


class RedisRateLimiter:
    """Fixed windows, counted by all processes that share a Redis server.

    While that is away or hangs each process counts for itself, by `alone`. A request whose first answer came too
    late counts twice.
    """

    def __init__(self, server: RedisServer, alone: RateLimiter) -> None:
        self._server = server
        self._alone = alone
        self._storage = RedisStorage(
            server.url,
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="task-manager",
            connection_pool=server.client.connection_pool,
        )

    async def hit(self, limit: RateLimit, who: str, at: datetime) -> RateWindow:
        window, resets_in = limit.window(at)
        key = f"{limit.name}/{limit.seconds}/{who}/{window}"
        try:
            count = await self._server.ask(lambda: self._storage.incr(key, limit.seconds))
        except Unreachable:
            return await self._alone.hit(limit, who, at)
        return RateWindow(limit, count, resets_in)

    async def check(self) -> None:
        await self._server.check()

    async def close(self) -> None:
        await self._alone.close()
