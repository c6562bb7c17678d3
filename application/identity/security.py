from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.identity.session import SessionId
from domain.identity.user import UserId

NewSecret = Callable[[], bytes]
"""Returns 256 random bits from a cryptographically secure source."""


class PasswordHasher(Protocol):
    """Hashes and verifies passwords. Both are slow by design and must not block the event loop.

    Both wait for their turn. They raise Overloaded if too many others wait, and CallerGone if the caller is gone when
    its turn comes. Argon2id is the adapter; tests use a fast one, and a hashing service would be another one.
    """

    async def hash(self, password: str) -> str:
        """Return a salted hash that includes its parameters.

        Raises:
            Overloaded: Too many passwords wait.
            CallerGone: The caller no longer waits.
        """
        ...

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Return whether the hash was made from this password. Without a hash: False, after the same time.

        Raises:
            Overloaded: Too many passwords wait.
            CallerGone: The caller no longer waits.
        """
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Return whether `hash` uses other parameters today than this hash was made with."""
        ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A short-lived bearer token."""

    text: str
    expires_in: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The content of an access token whose signature and times were verified."""

    user_id: UserId
    session_id: SessionId


class AccessTokens(Protocol):
    """Issues access tokens and verifies them without a look-up. JWT is the adapter; PASETO would be another one."""

    def issue(self, claims: Claims, at: datetime) -> AccessToken:
        """Return a new token with these claims, issued at `at`."""
        ...

    def verify(self, text: str, at: datetime) -> Claims:
        """Return the claims of a token that is valid at `at`.

        Raises:
            InvalidToken: The token is malformed, forged or not yet valid.
            ExpiredToken: The token was valid, but it expired.
        """
        ...
