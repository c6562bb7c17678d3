from datetime import datetime

from limits.aio.storage import MemoryStorage

from application.platform.rate_limits import RateLimit, RateWindow


class InProcessRateLimiter:
    """Fixed windows, counted in this process only."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()

    async def hit(self, limit: RateLimit, client_key: str, at: datetime) -> RateWindow:
        window, resets_in = limit.window(at)
        count = await self._storage.incr(f"{limit.name}/{limit.seconds}/{client_key}/{window}", limit.seconds)
        return RateWindow(limit, count, resets_in)

    async def check(self) -> None:
        pass
