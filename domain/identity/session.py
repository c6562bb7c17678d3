from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import ClassVar, NewType, Self
from uuid import UUID

from domain.errors import InvalidToken, RefreshTokenReused
from domain.identity.user import UserId
from domain.text import is_storable

SessionId = NewType("SessionId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login of a user. It lasts until it is revoked or until `expires_at`, however often it is refreshed.

    Only one refresh token is valid at a time. The session stores its hash; each refresh replaces it. All refresh tokens
    of a session have a part in common, the family. It identifies replaced tokens without a list of them.
    """

    MAX_PER_USER: ClassVar = 100
    """A login beyond this number ends the oldest session of the user."""
    MAX_USER_AGENT: ClassVar = 255

    id: SessionId
    user_id: UserId
    refresh_hash: bytes = field(repr=False)
    family_hash: bytes | None = field(repr=False)
    """The hash of the family. None for a session that the version before started and that was not refreshed since."""
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None
    ip_address: str | None

    @classmethod
    def start(
        cls,
        *,
        id: SessionId,
        user_id: UserId,
        refresh_hash: bytes,
        family_hash: bytes,
        at: datetime,
        lifetime: timedelta,
        user_agent: str | None = None,
        ip_address: str | None = None,
    ) -> Self:
        """Return a new session that expires `lifetime` after `at`."""
        return cls(
            id=id,
            user_id=user_id,
            refresh_hash=refresh_hash,
            family_hash=family_hash,
            created_at=at,
            last_used_at=at,
            expires_at=at + lifetime,
            user_agent=user_agent[: cls.MAX_USER_AGENT] if user_agent and is_storable(user_agent) else None,
            ip_address=ip_address,
        )

    def is_expired(self, now: datetime) -> bool:
        """Return whether the session has expired."""
        return now >= self.expires_at

    def refresh(self, presented: bytes, new: bytes, *, family: bytes, at: datetime) -> Self:
        """Replace the refresh token.

        Args:
            presented: The hash of the token that the client sent.
            new: The hash of the token that replaces it.
            family: The hash of the family of both tokens.
            at: The time of the refresh.

        Raises:
            RefreshTokenReused: The token was replaced before, so two parties have it. End the session
                (RFC 9700, section 4.14.2).
            InvalidToken: The session never had this token.
        """
        if compare_digest(presented, self.refresh_hash):
            last_used_at = max(at, self.last_used_at)  # clocks differ
            return replace(self, refresh_hash=new, family_hash=family, last_used_at=last_used_at)
        if self.family_hash is not None and compare_digest(family, self.family_hash):
            raise RefreshTokenReused
        raise InvalidToken
