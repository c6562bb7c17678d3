"""Tokens in mailed links, with which users set a new password without the current one."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Self
from uuid import UUID

from domain.identity.user import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetToken:
    """The token of one mail. Only its hash is stored."""

    LIFETIME: ClassVar = timedelta(minutes=30)

    mail_id: UUID | None
    """None if it is not known."""
    hash: bytes = field(repr=False)
    """Empty if the token was revoked."""
    created_at: datetime

    @property
    def expires_at(self) -> datetime:
        """The end of the token's validity."""
        return self.created_at + self.LIFETIME

    @classmethod
    def is_request_outdated(cls, requested_at: datetime, now: datetime) -> bool:
        """Return whether a user who requested a token no longer expects it: after LIFETIME, a new request is needed."""
        return now - requested_at >= cls.LIFETIME


@dataclass(frozen=True, slots=True)
class ResetTokens:
    """The tokens that a user got in the last hour, oldest first.

    A new token does not invalidate the others. They become invalid together: when one of them is used, and with each
    change of the password or the e-mail address.
    """

    MAX_MAILS: ClassVar = 5
    """Mails to one user in each INTERVAL, however many addresses request them."""
    INTERVAL: ClassVar = timedelta(hours=1)

    user_id: UserId
    tokens: tuple[ResetToken, ...] = ()

    def add(self, token: ResetToken) -> Self | None:
        """Return the tokens with a new one, or None if the user has got too many mails.

        A token replaces the one of the same mail, which could not be sent.
        """
        recent = tuple(
            other
            for other in self.tokens
            if token.created_at - other.created_at < self.INTERVAL and token.mail_id != other.mail_id
        )
        return replace(self, tokens=(*recent, token)) if len(recent) < self.MAX_MAILS else None

    def revoke(self) -> Self:
        """Return the tokens without their hashes: none is valid, but their mails still count for the limit."""
        return replace(self, tokens=tuple(replace(token, hash=b"") for token in self.tokens))

    def is_valid(self, token_hash: bytes, now: datetime) -> bool:
        """Return whether one of the tokens has this hash and has not expired."""
        return any(token.hash == token_hash and now < token.expires_at for token in self.tokens)

    def is_outdated(self, now: datetime) -> bool:
        """Return whether all tokens have expired and no longer count for the limit of mails."""
        return all(now - token.created_at >= self.INTERVAL for token in self.tokens)
