from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.jobs.ports import JobQueue
from application.platform.idempotency import IdempotencyUnitOfWork
from application.platform.paging import Position
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId
from domain.identity.user_query import UserFilter, UserOrder


@dataclass(frozen=True, slots=True)
class UserSlice:
    """`total` is None if it was not asked for, and counted up to TOTAL_CAP + 1."""

    users: list[User]
    total: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a session stands for, until it expires, is ended, or its user changes."""

    actor: Actor
    expires_at: datetime


class UserRepository(Protocol):
    """Accounts. No two have the same username, nor the same e-mail address, ignoring case."""

    async def add(self, user: User) -> None:
        """Raises UsernameTaken or EmailTaken; UsernameTaken if both are."""
        ...

    async def get(self, user_id: UserId) -> User:
        """Raises UserNotFound."""
        ...

    async def lock(self, user_id: UserId) -> User:
        """As `get`; nobody else changes the user until this unit of work ends. Raises UserNotFound."""
        ...

    async def find_by_login(self, login: str) -> User | None:
        """The account with this username or this e-mail address, ignoring case."""
        ...

    async def find(
        self,
        filter: UserFilter,
        order: UserOrder,
        *,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> UserSlice:
        """The users that `filter.match`, by `order.key` and then id, up to `limit`.

        They begin after `after`, or else after `skip` users.
        """
        ...

    async def save(self, user: User) -> None:
        """Store this version in place of the one before it.

        Raises EmailTaken, StaleUser if another version was stored meanwhile, UserNotFound if it is gone.
        """
        ...

    async def remove(self, user: User) -> None:
        """With everything that is the user's. The names are free again. Raises StaleUser, UserNotFound."""
        ...

    async def count_active_admins(self) -> int:
        """It stays true until this unit of work ends: whoever else asks waits for that."""
        ...


class SessionRepository(Protocol):
    """Sessions, always seen through the eyes of their user."""

    async def add(self, session: Session) -> None:
        """Raises UserNotFound."""
        ...

    async def get(self, session_id: SessionId, *, user_id: UserId) -> Session:
        """Raises SessionNotFound."""
        ...

    async def of_user(self, user_id: UserId) -> list[Session]:
        """Newest first, those that are over among them."""
        ...

    async def standing(self, session_id: SessionId, *, user_id: UserId) -> Standing | None:
        """None without such a session, or if its user is not active. One round trip."""
        ...

    async def save(self, session: Session, *, replacing: Session) -> None:
        """Raises StaleSession if `replacing` is no longer what is stored, SessionNotFound if it is gone."""
        ...

    async def remove(self, session_id: SessionId, *, user_id: UserId) -> None:
        """Raises SessionNotFound."""
        ...

    async def remove_all(self, user_id: UserId, *, keep: SessionId | None = None) -> None: ...

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        """Of everybody, up to `limit`; how many."""
        ...


@dataclass(frozen=True, slots=True)
class ResetToken:
    """Permission to choose a new password, known by its hash."""

    user_id: UserId
    token_hash: bytes
    expires_at: datetime


class ResetTokenRepository(Protocol):
    """At most one for each user."""

    async def put(self, token: ResetToken) -> None:
        """In place of an earlier one. Raises UserNotFound."""
        ...

    async def find(self, user_id: UserId) -> ResetToken | None:
        """What is found is not found by others until this unit of work ends: whoever else asks waits for that."""
        ...

    async def remove(self, user_id: UserId) -> None: ...

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        """Of everybody, up to `limit`; how many."""
        ...


class StandingCache(Protocol):
    """What sessions stand for, known without asking the storage again."""

    async def get(
        self, session_id: SessionId, user_id: UserId, load: Callable[[], Awaitable[Standing | None]]
    ) -> Standing | None:
        """What is known, or else what `load` gives."""
        ...

    async def forget(self, user_id: UserId) -> None:
        """When this returns, no worker answers with what it knew about this user's sessions."""
        ...


class IdentityUnitOfWork(IdempotencyUnitOfWork, Protocol):
    """The repositories that the identity use cases need."""

    @property
    def users(self) -> UserRepository: ...

    @property
    def sessions(self) -> SessionRepository: ...

    @property
    def reset_tokens(self) -> ResetTokenRepository: ...

    @property
    def jobs(self) -> JobQueue: ...
