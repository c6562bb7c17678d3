"""Login, token refresh, authentication and revocation of sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.identity.credentials import Credentials
from application.identity.events import (
    LoggedIn,
    LoginFailed,
    OldestSessionsEnded,
    RefreshTokenReuseDetected,
    SessionEnded,
    SessionsEnded,
)
from application.identity.opaque_tokens import OpaqueToken
from application.identity.ports import IdentityUnitOfWork, SessionState, SessionStateCache
from application.identity.revocation import confirm_earlier_revocation
from application.identity.security import AccessToken, AccessTokens, Claims, NewSecret
from application.platform.clock import Clock
from application.platform.events import RecordEvent
from application.platform.ids import NewId
from application.platform.retry import read, retried
from domain.errors import InvalidCredentials, InvalidToken, RefreshTokenReused, SessionNotFound, UserNotFound
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId

MAX_LOGIN_ATTEMPTS: Final = 3
"""Attempts at a login whose user changes the password at the same time."""


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """What is known about the client of a login; shown in the list of sessions."""

    user_agent: str | None = None
    ip_address: str | None = None


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """A user with a new access token and refresh token."""

    user: User
    access_token: AccessToken
    refresh_token: OpaqueToken


@dataclass(frozen=True, slots=True)
class AuthenticatedCaller:
    """The user behind a valid access token, and the session of the token."""

    actor: Actor
    session_id: SessionId


class SessionService:
    """Log users in, keep them logged in, and revoke sessions.

    A session ends `lifetime` after the login, however often it is refreshed. A revocation takes effect on all workers
    before the method returns.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        credentials: Credentials,
        tokens: AccessTokens,
        session_states: SessionStateCache,
        record: RecordEvent,
        clock: Clock,
        new_id: NewId,
        new_secret: NewSecret,
        lifetime: timedelta,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._credentials = credentials
        self._tokens = tokens
        self._session_states = session_states
        self._record = record
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret
        self._lifetime = lifetime

    async def log_in(self, login: str, password: str, client: ClientInfo = ClientInfo()) -> IssuedTokens:
        """Start a session of the user with this login and password, and end the oldest ones above the limit.

        An unknown user costs the same time as a wrong password, so that response times do not reveal accounts.

        Args:
            login: Username or e-mail address. Case is ignored.
            password: The password in plain text.
            client: Stored with the session.

        Raises:
            InvalidCredentials: Unknown user, wrong password or inactive account. The error does not say which.
            RateLimited: Too many passwords for this account were wrong.
        """
        for _ in range(MAX_LOGIN_ATTEMPTS):
            user: User | None = await read(self._unit_of_work, lambda uow: uow.users.find_by_login(login))
            hashed_form = await self._credentials.verify(user, password, login=login, address=client.ip_address)
            if hashed_form is None or user is None:
                break
            refresh_token = OpaqueToken((user.id, self._new_id()), self._new_secret())
            new_hash = await self._credentials.rehash_if_outdated(user, hashed_form)
            current = await self._start(refresh_token, user, new_hash, client)
            if current is not None:
                return self._issue_tokens(current, refresh_token)
        await self._record(LoginFailed(user.id if user else None, client.ip_address))
        raise InvalidCredentials

    @retried
    async def refresh(self, refresh_token: str) -> IssuedTokens:
        """Replace both tokens of a session. The given refresh token becomes invalid.

        Raises:
            InvalidToken: The token is malformed, forged, expired or revoked, or its user is inactive.
            RefreshTokenReused: The token was used before. This ends the session, because the token may have been
                stolen (RFC 9700, section 4.14.2).
        """
        presented = OpaqueToken.parse(refresh_token, ids=2)
        user_id, session_id = UserId(presented.ids[0]), SessionId(presented.ids[1])
        new = presented.successor(self._new_secret())
        try:
            async with self._unit_of_work() as uow:
                user = await uow.users.get(user_id)
                session = await uow.sessions.get(session_id, user_id=user_id)
                now = self._clock.now()
                if session.is_expired(now) or not user.is_active:
                    raise InvalidToken
                try:
                    refreshed = session.refresh(presented.hash, new.hash, family=presented.family_hash, at=now)
                except RefreshTokenReused:
                    await uow.sessions.remove(session_id, user_id=user_id)
                    uow.add_event(RefreshTokenReuseDetected(user_id, session_id, actor_id=None))
                    await uow.commit()
                    raise
                await uow.sessions.save(refreshed, replacing=session)
                await uow.commit()
        except (SessionNotFound, UserNotFound):  # never existed, or revoked meanwhile
            await self._session_states.wait_until_current()
            raise InvalidToken from None
        return self._issue_tokens(user, new)

    async def authenticate(self, access_token: str) -> AuthenticatedCaller:
        """Return the caller behind an access token. The session state comes from a cache; see `SessionStateCache`.

        Raises:
            InvalidToken: The token is invalid, its session was revoked, or its user is inactive.
            ExpiredToken: The token is expired.
        """
        now = self._clock.now()
        claims = self._tokens.verify(access_token, now)

        async def load() -> SessionState | None:
            return await self._load_state(claims.session_id, claims.user_id)

        state = await self._session_states.get(claims.session_id, claims.user_id, load)
        if state is None or now >= state.expires_at:
            raise InvalidToken
        return AuthenticatedCaller(state.actor, claims.session_id)

    async def require_unrevoked(self, actor: Actor, session_id: SessionId) -> None:
        """Check in the storage that the session of the actor was not revoked during the request.

        Raises:
            InvalidToken: The session was revoked, or its user is inactive.
        """
        if await self._load_state(session_id, actor.user_id) is None:
            await self._session_states.wait_until_current()
            raise InvalidToken

    async def _load_state(self, session_id: SessionId, user_id: UserId) -> SessionState | None:
        return await read(self._unit_of_work, lambda uow: uow.sessions.state(session_id, user_id=user_id))

    @retried
    async def list_sessions(self, actor: Actor) -> list[Session]:
        """Return the active sessions of the actor, newest first."""
        async with self._unit_of_work() as uow:
            sessions = await uow.sessions.find_by_user(actor.user_id)
        now = self._clock.now()
        return [session for session in sessions if not session.is_expired(now)]

    @retried
    async def revoke(self, actor: Actor, session_id: SessionId) -> None:
        """End one session of the actor.

        Raises:
            SessionNotFound: The actor has no such session.
        """
        async with (
            confirm_earlier_revocation(self._session_states, SessionNotFound),
            self._unit_of_work() as uow,
        ):
            await uow.sessions.remove(session_id, user_id=actor.user_id)
            uow.add_event(SessionEnded(actor.user_id, session_id, actor_id=actor.user_id))
            await uow.commit()

    @retried
    async def revoke_all(self, actor: Actor) -> None:
        """End all sessions of the actor."""
        async with self._unit_of_work() as uow:
            await uow.sessions.remove_all(actor.user_id)
            uow.add_event(SessionsEnded(actor.user_id, actor_id=actor.user_id))
            await uow.commit()

    def _issue_tokens(self, user: User, refresh_token: OpaqueToken) -> IssuedTokens:
        access_token = self._tokens.issue(Claims(user.id, SessionId(refresh_token.ids[1])), self._clock.now())
        return IssuedTokens(user, access_token, refresh_token)

    @retried
    async def _start(
        self, refresh_token: OpaqueToken, verified: User, new_hash: str | None, client: ClientInfo
    ) -> User | None:
        """Store a new session, and the new hash if there is one. Return the user.

        None, and nothing is stored, if the password has changed since it was verified: verifying takes long.
        """
        async with self._unit_of_work() as uow:
            try:
                user = await uow.users.lock(verified.id)
            except UserNotFound:
                return None
            if user.password_hash != verified.password_hash or not user.is_active:
                return None
            now = self._clock.now()
            if new_hash is not None:
                user = user.with_password(new_hash, at=now)
                await uow.users.save(user)
            session = Session.start(
                id=SessionId(refresh_token.ids[1]),
                user_id=user.id,
                refresh_hash=refresh_token.hash,
                family_hash=refresh_token.family_hash,
                at=now,
                lifetime=self._lifetime,
                user_agent=client.user_agent,
                ip_address=client.ip_address,
            )
            await uow.sessions.add(session)
            if await uow.sessions.remove_oldest(user.id, keep=Session.MAX_PER_USER):
                uow.add_event(OldestSessionsEnded(user.id, actor_id=user.id))
            uow.add_event(LoggedIn(user.id, session.id, session.ip_address, actor_id=user.id))
            await uow.commit()
        return user
