from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.user import UserId


class PasswordHasher(Protocol):
    """Slow by design, and never on the event loop."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the hash was made of this password. Without a hash it is False, after the same time."""
        ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    text: str
    expires_in: int
    """Seconds."""


class AccessTokens(Protocol):
    """Proofs of identity that are verified without asking anybody."""

    def issue(self, user_id: UserId, at: datetime) -> AccessToken: ...

    def verify(self, text: str, at: datetime) -> UserId:
        """Raises InvalidToken."""
        ...
