from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.identity.session import SessionId
from domain.identity.user import UserId

NewSecret = Callable[[], bytes]
"""256 bits that nobody can guess."""


class PasswordHasher(Protocol):
    """Slow by design, and never on the event loop."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the hash was made of this password. Without a hash it is False, after the same time."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether `hash` would take more effort today."""
        ...

    async def close(self) -> None:
        """Lets go of what hashing has taken; whoever hashes again takes it anew."""
        ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    text: str
    expires_in: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says, once its signature and its times are verified."""

    user_id: UserId
    session_id: SessionId


class AccessTokens(Protocol):
    """Proofs of identity that are verified without asking anybody."""

    def issue(self, claims: Claims, at: datetime) -> AccessToken: ...

    def verify(self, text: str, at: datetime) -> Claims:
        """Raises InvalidToken."""
        ...
