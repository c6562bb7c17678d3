from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in each window of so many seconds; windows begin at multiples of that since the epoch."""

    name: str
    amount: int
    seconds: int

    def window(self, at: datetime) -> tuple[int, int]:
        """Its number, and the seconds until the next one begins."""
        number, elapsed = divmod(int(at.timestamp()), self.seconds)
        return number, self.seconds - elapsed


@dataclass(frozen=True, slots=True)
class RateWindow:
    limit: RateLimit
    count: int
    """With this request."""
    resets_in: int
    """Seconds, at least 1."""

    @property
    def remaining(self) -> int:
        return max(self.limit.amount - self.count, 0)

    @property
    def is_exceeded(self) -> bool:
        return self.count > self.limit.amount


class RateLimiter(Protocol):
    async def hit(self, limit: RateLimit, who: str, at: datetime) -> RateWindow:
        """Counts one request of `who`, and never fails."""
        ...

    async def check(self) -> None:
        """Raises if requests are not counted together with the other processes, as they should be."""
        ...

    async def close(self) -> None: ...
