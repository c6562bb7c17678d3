from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Protocol

from application.platform.audit import AuditLog
from application.platform.clock import Clock
from domain.errors import DomainError
from domain.identity.user import name_key


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


class RateLimited(DomainError):
    """Too much, for now."""

    code = "RATE_LIMITED"

    def __init__(self, window: RateWindow) -> None:
        super().__init__("too many requests; try again later")
        self.window = window


@dataclass(frozen=True, slots=True)
class RateLimits:
    read: RateLimit
    write: RateLimit
    login: RateLimit
    register: RateLimit


class Throttle:
    """How often anybody may do what. Never a lock: every window passes by itself."""

    def __init__(self, limiter: RateLimiter, limits: RateLimits, audit: AuditLog, clock: Clock) -> None:
        self._limiter = limiter
        self._limits = limits
        self._audit = audit
        self._clock = clock

    async def read(self, who: str) -> RateWindow:
        """Raises RateLimited."""
        return await self._hit(self._limits.read, who)

    async def write(self, who: str) -> RateWindow:
        """Raises RateLimited."""
        return await self._hit(self._limits.write, who)

    async def register(self, address: str) -> RateWindow:
        """Raises RateLimited."""
        return await self._hit(self._limits.register, address)

    async def login(self, address: str) -> RateWindow:
        """Raises RateLimited."""
        return await self._hit(self._limits.login, address)

    async def account(self, name: str) -> RateWindow:
        """Logins to one account, from wherever. Raises RateLimited."""
        return await self._hit(self._limits.login, f"account:{_pseudonym(name)}")

    async def _hit(self, limit: RateLimit, who: str) -> RateWindow:
        window = await self._limiter.hit(limit, who, self._clock.now())
        if window.is_exceeded:
            if window.count == limit.amount + 1:
                self._audit.record("rate_limited", limit=limit.name)
            raise RateLimited(window)
        return window


def _pseudonym(account: str) -> str:
    """What is typed as a name may be anything, a password by mistake among it: none is kept as it is."""
    return blake2b(name_key(account).encode(errors="surrogatepass"), digest_size=16).hexdigest()
