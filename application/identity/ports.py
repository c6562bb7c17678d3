from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from application.audit.ports import AuditUnitOfWork
from application.jobs.ports import JobQueue
from application.platform.idempotency import IdempotencyUnitOfWork
from application.platform.paging import Slice, Window
from domain.identity.actor import Actor
from domain.identity.reset_tokens import ResetTokens
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId
from domain.identity.user_query import UserFilter, UserOrder


@dataclass(frozen=True, slots=True)
class SessionState:
    """What a request needs to know about its session: who acts, and when the session expires."""

    actor: Actor
    expires_at: datetime


PurgePosition = tuple[Any, ...]
"""Where `UserRepository.purge` continues. Only the storage knows what it contains."""


class UserRepository(Protocol):
    """Accounts. Usernames and e-mail addresses are unique; case is ignored."""

    async def add(self, user: User) -> None:
        """Store a new user.

        Raises:
            UsernameTaken: Another user has this username. Takes precedence over EmailTaken.
            EmailTaken: Another user has this e-mail address.
        """
        ...

    async def get(self, user_id: UserId) -> User:
        """Return a user.

        Raises:
            UserNotFound: There is no such user.
        """
        ...

    async def lock(self, user_id: UserId) -> User:
        """Return a user, and lock the row until the transaction ends.

        Raises:
            UserNotFound: There is no such user.
        """
        ...

    async def find_by_login(self, login: str) -> User | None:
        """Return the user with this username or e-mail address, ignoring case, or None."""
        ...

    async def find(self, filter: UserFilter, order: UserOrder, window: Window) -> Slice[User]:
        """Return the users that `filter.match` accepts, sorted by `order.key` and id."""
        ...

    async def save(self, user: User) -> None:
        """Replace the previous version of a user by this one.

        Raises:
            EmailTaken: Another user has the new e-mail address.
            StaleUser: The stored version is not the one before this.
            UserNotFound: The user was removed.
        """
        ...

    async def remove(self, user: User) -> None:
        """Delete a user with all sessions, reset tokens, requested jobs and the responses that contain the user.

        Username and e-mail address become available again. The user is not found any more, but what the user owns
        remains until `purge` has deleted it.

        Raises:
            StaleUser: The stored version is not this one.
            UserNotFound: The user was removed.
        """
        ...

    async def purge(self, user_id: UserId, *, limit: int, after: PurgePosition = ()) -> PurgePosition | None:
        """Delete up to `limit` rows of each kind that a removed user owns, also those added since the removal.

        Start after the position that the previous call returned. Return the next one, or None if nothing remains.
        """
        ...

    async def find_removed(self, *, limit: int) -> list[UserId]:
        """Return up to `limit` removed users who have not been purged completely."""
        ...

    async def count_active_admins(self) -> int:
        """Return the number of active admins.

        Also lock the count until the transaction ends: concurrent callers wait, so that two of them cannot both remove
        the last but one admin.
        """
        ...


class SessionRepository(Protocol):
    """Sessions. Each look-up takes the user that the session must belong to."""

    async def add(self, session: Session) -> None:
        """Store a new session.

        Raises:
            UserNotFound: There is no such user.
        """
        ...

    async def get(self, session_id: SessionId, *, user_id: UserId) -> Session:
        """Return one session of the user.

        Raises:
            SessionNotFound: The user has no such session.
        """
        ...

    async def find_by_user(self, user_id: UserId) -> list[Session]:
        """Return all sessions of the user, including expired ones, newest first."""
        ...

    async def state(self, session_id: SessionId, *, user_id: UserId) -> SessionState | None:
        """Return the state of a session, in one round trip.

        None if the user has no such session or is inactive.
        """
        ...

    async def save(self, session: Session, *, replacing: Session) -> None:
        """Replace the stored session `replacing` by `session`.

        Raises:
            StaleSession: The stored session differs from `replacing`.
            SessionNotFound: The session was removed.
        """
        ...

    async def remove(self, session_id: SessionId, *, user_id: UserId) -> None:
        """Delete one session of the user.

        Raises:
            SessionNotFound: The user has no such session.
        """
        ...

    async def remove_all(self, user_id: UserId, *, keep: SessionId | None = None) -> None:
        """Delete all sessions of the user, except `keep`."""
        ...

    async def remove_oldest(self, user_id: UserId, *, keep: int) -> int:
        """Delete all sessions of the user except the newest `keep`. Return the number deleted.

        Lock the user before: otherwise concurrent transactions do not count the sessions of each other.
        """
        ...

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        """Delete up to `limit` expired sessions of all users. Return the number deleted."""
        ...


class ResetTokenRepository(Protocol):
    """Password reset tokens of each user. They are stored and removed together."""

    async def put(self, tokens: ResetTokens) -> None:
        """Store the tokens of a user, at least one, and replace those stored before.

        Raises:
            UserNotFound: There is no such user.
        """
        ...

    async def find(self, user_id: UserId) -> ResetTokens:
        """Return the user's tokens, including expired ones. Lock stored ones until the transaction ends."""
        ...

    async def remove(self, user_id: UserId) -> None:
        """Delete the user's tokens, if there are any."""
        ...

    async def remove_outdated(self, now: datetime, *, limit: int) -> int:
        """Delete the outdated tokens of up to `limit` users. Return the number of users."""
        ...


class SessionStateCache(Protocol):
    """A cache of session states, so that not every request reads them from the storage.

    The adapter caches in process; a cache that is invalidated by messages of a broker would be another one.
    """

    async def get(
        self, session_id: SessionId, user_id: UserId, load: Callable[[], Awaitable[SessionState | None]]
    ) -> SessionState | None:
        """Return the state of a session, from the cache or from `load`.

        None means that there is no such session, or that its user is inactive. It confirms a revocation: the method
        returns it when no worker process uses an older state.
        """
        ...

    async def invalidate(self, user_id: UserId) -> None:
        """Invalidate all cached states of a user.

        When this returns, no worker process uses a state that it read before the call.
        """
        ...

    async def wait_until_current(self) -> None:
        """Wait until no worker process uses a state that it read before the call.

        Call it before a response that confirms a revocation by an earlier request.
        """
        ...


class IdentityUnitOfWork(IdempotencyUnitOfWork, AuditUnitOfWork, Protocol):
    """The repositories that the identity use cases need."""

    @property
    def users(self) -> UserRepository:
        """The repository of users."""
        ...

    @property
    def sessions(self) -> SessionRepository:
        """The repository of login sessions."""
        ...

    @property
    def reset_tokens(self) -> ResetTokenRepository:
        """Password reset tokens."""
        ...

    @property
    def jobs(self) -> JobQueue:
        """The job queue."""
        ...
