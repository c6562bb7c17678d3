"""What the identity use cases change. The audit log records each event under its name."""

from dataclasses import dataclass
from typing import ClassVar

from application.identity.ports import SessionStateCache
from application.platform.events import Event
from domain.identity.session import SessionId
from domain.identity.user import Role, UserId


@dataclass(frozen=True, slots=True)
class UserRegistered(Event):
    """An account was created."""

    name: ClassVar = "user_registered"
    user_id: UserId
    role: Role


@dataclass(frozen=True, slots=True)
class RoleChanged(Event):
    """A user has another role. It follows UserChanged."""

    name: ClassVar = "role_changed"
    user_id: UserId
    old: Role
    new: Role


@dataclass(frozen=True, slots=True)
class LoggedIn(Event):
    """A session was started."""

    name: ClassVar = "login"
    user_id: UserId
    session_id: SessionId
    ip_address: str | None


@dataclass(frozen=True, slots=True)
class PasswordResetRequested(Event):
    """A mail with a reset link was queued, if the address has an account."""

    name: ClassVar = "password_reset_requested"


@dataclass(frozen=True, slots=True)
class SessionStateChanged(Event):
    """The state of some sessions of a user changed: cached states must not be used any more."""

    user_id: UserId


@dataclass(frozen=True, slots=True)
class UserChanged(SessionStateChanged):
    """A user was edited."""

    name: ClassVar = "user_changed"
    fields: list[str]


@dataclass(frozen=True, slots=True)
class UserErased(SessionStateChanged):
    """A user was deleted with all their data."""

    name: ClassVar = "user_erased"


@dataclass(frozen=True, slots=True)
class PasswordChanged(SessionStateChanged):
    """A user changed the password, which ended all other sessions."""

    name: ClassVar = "password_changed"


@dataclass(frozen=True, slots=True)
class PasswordReset(SessionStateChanged):
    """A user set a new password with a reset link, which ended all sessions."""

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


class SessionStateInvalidation:
    """Invalidate the cached states of sessions when they change, before the use case returns."""

    def __init__(self, session_states: SessionStateCache) -> None:
        self._session_states = session_states

    async def handle(self, event: Event) -> None:
        """Invalidate the states of the user if the event changed them."""
        if isinstance(event, SessionStateChanged):
            await self._session_states.invalidate(event.user_id)
