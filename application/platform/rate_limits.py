"""Rate limits: fixed windows per client, and per account for passwords."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Protocol

from application.platform.clock import Clock
from application.platform.events import Event, RecordEvent
from domain.errors import DomainError
from domain.identity.address import address_block
from domain.identity.user import UserId


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `amount` requests per window of `seconds`. Windows start at multiples of `seconds` since the epoch."""

    name: str
    amount: int
    seconds: int

    def window(self, at: datetime) -> tuple[int, int]:
        """Return the number of the current window and the seconds until the next one starts."""
        number, elapsed = divmod(int(at.timestamp()), self.seconds)
        return number, self.seconds - elapsed


@dataclass(frozen=True, slots=True)
class RateWindow:
    """The state of one client's window after a request."""

    limit: RateLimit
    count: int
    """Requests in this window, including the current one."""
    resets_in: int
    """Seconds until the next window starts, at least 1."""

    @property
    def remaining(self) -> int:
        """How many more requests the window allows."""
        return max(self.limit.amount - self.count, 0)

    @property
    def is_exceeded(self) -> bool:
        """Whether the current request is over the limit."""
        return self.count > self.limit.amount


class RateLimiter(Protocol):
    """Counts requests, in this process or together with other processes."""

    async def hit(self, limit: RateLimit, client_key: str, at: datetime) -> RateWindow:
        """Count one request of a client and return its window. This method never fails."""
        ...

    async def refund(self, limit: RateLimit, client_key: str, at: datetime) -> None:
        """Take back one request that was counted at `at`. This method never fails."""
        ...

    async def check(self) -> None:
        """Raise an error if requests should be counted together with other processes, but are not."""
        ...


class TooManyRequests(DomainError):
    """The client must wait before it sends more such requests."""

    code = "RATE_LIMITED"


class RateLimited(TooManyRequests):
    """The client has sent too many requests in the current window."""

    def __init__(self, window: RateWindow) -> None:
        seconds = window.resets_in
        super().__init__(f"too many requests; try again in {seconds} second{'' if seconds == 1 else 's'}")
        self.window = window


FAILED_LOGINS: Final = RateLimit("failed-login", 100, 3600)
"""At most so many consecutive failures are allowed by NIST SP 800-63B-4, section 3.2.2."""

EMAIL_CHANGES: Final = RateLimit("email-change", 5, 3600)
"""Each change sends a mail to the address before it, which may belong to another person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """The limit of each rate limit class. None is no limit."""

    read: RateLimit | None = None
    write: RateLimit | None = None
    login: RateLimit | None = None
    """Logins from an address, and wrong passwords for an account from an address."""
    failed_login: RateLimit | None = None
    """Wrong passwords for an account from all addresses together."""
    register: RateLimit | None = None
    email_change: RateLimit | None = None
    """Changes of an account's own e-mail address."""
    export: RateLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whose requests are counted, as far as it is known, for the audit log."""

    actor_id: UserId | None = None
    """The authenticated user."""
    user_id: UserId | None = None
    """The account that the requests are about."""
    ip_address: str | None = None


@dataclass(frozen=True, slots=True)
class RateLimitReached(Event):
    """The first request above a limit was refused in this window."""

    name: ClassVar = "rate_limited"
    limit: str
    actor_id: UserId | None
    user_id: UserId | None
    ip_address: str | None


@dataclass(frozen=True, slots=True)
class PasswordGuess:
    """A password that was counted as wrong before it was verified."""

    hits: tuple[tuple[RateLimit | None, str], ...]
    at: datetime


class RateLimitService:
    """Enforce the rate limits. A client is never locked out for good: each window ends by itself.

    The methods return None if there is no limit.
    """

    def __init__(self, limiter: RateLimiter, limits: RateLimits, record: RecordEvent, clock: Clock) -> None:
        self._limiter = limiter
        self._limits = limits
        self._record = record
        self._clock = clock

    async def read(self, client_key: str, user_id: UserId | None = None) -> RateWindow | None:
        """Count a reading request.

        Raises:
            RateLimited: The limit is exceeded.
        """
        return await self._hit(self._limits.read, client_key, Client(actor_id=user_id, user_id=user_id))

    async def write(self, client_key: str, user_id: UserId | None = None) -> RateWindow | None:
        """Count a writing request.

        Raises:
            RateLimited: The limit is exceeded.
        """
        return await self._hit(self._limits.write, client_key, Client(actor_id=user_id, user_id=user_id))

    async def register(self, address: str) -> RateWindow | None:
        """Count a registration from an IP address.

        Raises:
            RateLimited: The limit is exceeded.
        """
        return await self._hit(self._limits.register, address_block(address), Client(ip_address=address))

    async def login(self, address: str) -> RateWindow | None:
        """Count a login from an IP address.

        Raises:
            RateLimited: The limit is exceeded.
        """
        return await self._hit(self._limits.login, address_block(address), Client(ip_address=address))

    async def export(self, client_key: str, user_id: UserId | None = None) -> RateWindow | None:
        """Count an export of an account.

        Raises:
            RateLimited: The limit is exceeded.
        """
        return await self._hit(self._limits.export, client_key, Client(actor_id=user_id, user_id=user_id))

    async def change_email(self, user_id: UserId) -> RateWindow | None:
        """Count a change of an account's own e-mail address.

        Raises:
            RateLimited: The limit is exceeded.
        """
        return await self._hit(self._limits.email_change, str(user_id), Client(actor_id=user_id, user_id=user_id))

    async def guess(
        self,
        account: str,
        address: str,
        is_known: Callable[[], Awaitable[bool]],
        *,
        user_id: UserId | None = None,
        actor_id: UserId | None = None,
    ) -> PasswordGuess:
        """Count a password as wrong before it is verified, so that concurrent guesses cannot pass the limits.

        The limit of the account applies only to unknown addresses. Otherwise strangers could lock the owner out.

        Args:
            account: Identifies the account.
            address: The IP address of the client.
            is_known: Returns whether the account has a session from this address.
            user_id: The user of the account, if there is one, for the audit log.
            actor_id: The authenticated user who gives the password, for the audit log.

        Raises:
            RateLimited: Too many passwords were wrong, from this address or from all addresses together.
        """
        at = self._clock.now()
        pair = f"account:{account}:{address_block(address)}"
        client = Client(actor_id=actor_id, user_id=user_id, ip_address=address or None)
        await self._hit(self._limits.login, pair, client, at)
        try:
            await self._hit(self._limits.failed_login, account, client, at)
        except RateLimited:
            if not await is_known():
                raise
        return PasswordGuess(((self._limits.login, pair), (self._limits.failed_login, account)), at)

    async def refund(self, guess: PasswordGuess) -> None:
        """Take back a guess: the password was right, or it was not verified."""
        for limit, client_key in guess.hits:
            if limit is not None:
                await self._limiter.refund(limit, client_key, guess.at)

    async def _hit(
        self, limit: RateLimit | None, client_key: str, client: Client, at: datetime | None = None
    ) -> RateWindow | None:
        """Count one request. The first one above the limit is recorded."""
        if limit is None:
            return None
        window = await self._limiter.hit(limit, client_key, at or self._clock.now())
        if window.is_exceeded:
            if window.count == limit.amount + 1:
                await self._record(RateLimitReached(limit.name, client.actor_id, client.user_id, client.ip_address))
            raise RateLimited(window)
        return window
