from collections import OrderedDict
from datetime import datetime
from typing import ClassVar

from application.platform.rate_limits import RateLimit, RateWindow


class InProcessRateLimiter:
    """Fixed windows, counted in this process only. Each call takes constant time.

    Memory is bounded: beyond MAX_COUNTS, the count whose last request is the oldest is dropped.
    """

    MAX_COUNTS: ClassVar = 65_536

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[RateLimit, str], tuple[int, int]] = OrderedDict()
        """The number of the window and the requests in it."""

    async def hit(self, limit: RateLimit, client_key: str, at: datetime) -> RateWindow:
        number, resets_in = limit.window(at)
        key = limit, client_key
        count = self._count(key, number) + 1
        self._counts[key] = number, count
        self._counts.move_to_end(key)
        if len(self._counts) > self.MAX_COUNTS:
            self._counts.popitem(last=False)
        return RateWindow(limit, count, resets_in)

    async def refund(self, limit: RateLimit, client_key: str, at: datetime) -> None:
        number, _ = limit.window(at)
        key = limit, client_key
        if count := self._count(key, number):
            self._counts[key] = number, count - 1

    async def check(self) -> None:
        pass

    def _count(self, key: tuple[RateLimit, str], number: int) -> int:
        counted_in, count = self._counts.get(key, (number, 0))
        return count if counted_in == number else 0
