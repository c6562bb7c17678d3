"""What the identity use cases change, and what they refuse. The audit log records each event under its name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

from application.jobs.ports import JobId
from application.platform.events import Event
from domain.audit.audit_event import AuditEvent
from domain.identity.session import SessionId
from domain.identity.user import Role, User, UserId

AUDITED_VALUES: Final = ("role", "is_active", "timezone")
"""Fields of a user whose values events contain. Others are personal data: an erasure cannot remove them from a log."""

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class IdentityEvent(Event):
    """Something that happened to an account."""

    user_id: UserId
    actor_id: UserId | None = field(kw_only=True)
    """The user who did it; None for an anonymous client and for the operator."""


@dataclass(frozen=True, slots=True)
class UserRegistered(IdentityEvent):
    """An account was created."""

    name: ClassVar = "user_registered"
    role: Role
    new: Values

    @classmethod
    def of(cls, user: User, actor_id: UserId | None) -> Self:
        """Return the event for a new user."""
        return cls(user.id, user.role, audited_values(user), actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class RoleChanged(IdentityEvent):
    """A user has another role. It follows UserChanged."""

    name: ClassVar = "role_changed"
    old: Values
    new: Values

    @classmethod
    def of(cls, before: User, after: User, actor_id: UserId | None) -> Self:
        """Return the event for a change of the role."""
        return cls(before.id, {"role": before.role}, {"role": after.role}, actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class LoggedIn(IdentityEvent):
    """A session was started."""

    name: ClassVar = "login"
    session_id: SessionId
    ip_address: str | None


@dataclass(frozen=True, slots=True)
class PasswordResetRequested(Event):
    """A mail with a reset link was queued, if the address has an account."""

    name: ClassVar = "password_reset_requested"
    job_id: JobId
    """The job that looks up the account. Its events have this id as `correlation_id`."""


@dataclass(frozen=True, slots=True)
class SessionStateChanged(IdentityEvent):
    """The state of some sessions of a user changed: cached states must not be used any more."""


@dataclass(frozen=True, slots=True)
class UserChanged(SessionStateChanged):
    """A user was edited."""

    name: ClassVar = "user_changed"
    fields: list[str]
    old: Values
    new: Values

    @classmethod
    def of(cls, before: User, after: User, fields: Iterable[str], actor_id: UserId | None) -> Self:
        """Return the event for an edit. It names those of the fields that changed."""
        changed = sorted(name for name in fields if getattr(after, name) != getattr(before, name))
        old, new = ({name: getattr(u, name) for name in changed if name in AUDITED_VALUES} for u in (before, after))
        return cls(before.id, changed, old, new, actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class UserErased(SessionStateChanged):
    """A user was deleted with all their data."""

    name: ClassVar = AuditEvent.ERASURE
    old: Values

    @classmethod
    def of(cls, user: User, actor_id: UserId | None) -> Self:
        """Return the event for a user who was deleted."""
        return cls(user.id, audited_values(user), actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class PasswordChanged(SessionStateChanged):
    """A user changed the password, which ended all other sessions."""

    name: ClassVar = "password_changed"


@dataclass(frozen=True, slots=True)
class PasswordReset(SessionStateChanged):
    """A user set a new password with a reset link, or the operator set one, which ended all sessions."""

    name: ClassVar = "password_reset"


@dataclass(frozen=True, slots=True)
class SessionEnded(SessionStateChanged):
    """A user ended one session."""

    name: ClassVar = "session_ended"
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class SessionsEnded(SessionStateChanged):
    """A user ended all sessions."""

    name: ClassVar = "sessions_ended"


@dataclass(frozen=True, slots=True)
class OldestSessionsEnded(SessionStateChanged):
    """A login ended the oldest sessions of the user, who had too many."""

    name: ClassVar = "oldest_sessions_ended"


@dataclass(frozen=True, slots=True)
class RefreshTokenReuseDetected(SessionStateChanged):
    """A replaced refresh token was used again, which ended its session."""

    name: ClassVar = "refresh_token_reused"
    is_suspicious: ClassVar = True
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class LoginFailed(Event):
    """A login was refused: unknown user, wrong password, or inactive account."""

    name: ClassVar = "login_failed"
    is_suspicious: ClassVar = True
    user_id: UserId | None
    """The account, if there is one with this login."""
    ip_address: str | None


@dataclass(frozen=True, slots=True)
class PasswordRefused(Event):
    """An authenticated user gave a wrong password for a change that requires it."""

    is_suspicious: ClassVar = True
    actor_id: UserId
    user_id: UserId
    ip_address: str | None


@dataclass(frozen=True, slots=True)
class PasswordChangeRefused(PasswordRefused):
    """A change of the password was refused."""

    name: ClassVar = "password_change_refused"


@dataclass(frozen=True, slots=True)
class EmailChangeRefused(PasswordRefused):
    """A change of the e-mail address was refused."""

    name: ClassVar = "email_change_refused"


@dataclass(frozen=True, slots=True)
class ErasureRefused(PasswordRefused):
    """An erasure of the account was refused."""

    name: ClassVar = "erasure_refused"


@dataclass(frozen=True, slots=True)
class ResetMailEvent(Event):
    """What became of a requested reset mail."""

    user_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class ResetMailed(ResetMailEvent):
    """The mail was sent."""

    name: ClassVar = "password_reset_mailed"


@dataclass(frozen=True, slots=True)
class ResetAddressUnknown(ResetMailEvent):
    """No active account has the address."""

    name: ClassVar = "password_reset_unknown_address"


@dataclass(frozen=True, slots=True)
class ResetMailsLimited(ResetMailEvent):
    """The user has got too many reset mails."""

    name: ClassVar = "password_reset_limited"


@dataclass(frozen=True, slots=True)
class ResetRequestOutdated(ResetMailEvent):
    """The request is older than the lifetime of a token."""

    name: ClassVar = "password_reset_outdated"


def audited_values(user: User) -> Values:
    """Return the values of a user that events contain."""
    return {name: getattr(user, name) for name in AUDITED_VALUES}
