from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.identity.credentials import Credentials
from application.identity.opaque_tokens import OpaqueToken
from application.identity.ports import IdentityUnitOfWork, Standing, StandingCache
from application.identity.security import AccessToken, AccessTokens, Claims, NewSecret
from application.platform.audit import AuditLog
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import retried
from domain.errors import InvalidCredentials, InvalidToken, RefreshTokenReused, SessionNotFound, UserNotFound
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId

ATTEMPTS: Final = 3
"""To prove a password that is being changed at the same time."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a login comes from, as far as it told."""

    user_agent: str | None = None
    ip_address: str | None = None


@dataclass(frozen=True, slots=True)
class Login:
    user: User
    access_token: AccessToken
    refresh_token: OpaqueToken


@dataclass(frozen=True, slots=True)
class Caller:
    actor: Actor
    session_id: SessionId


class SessionService:
    """Logging in, staying in, and being out from the next request on.

    `lifetime` counts from login, however often a session is refreshed.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        credentials: Credentials,
        tokens: AccessTokens,
        standings: StandingCache,
        audit: AuditLog,
        clock: Clock,
        new_id: NewId,
        new_secret: NewSecret,
        lifetime: timedelta,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._credentials = credentials
        self._tokens = tokens
        self._standings = standings
        self._audit = audit
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret
        self._lifetime = lifetime

    async def log_in(self, login: str, password: str, device: Device = Device()) -> Login:
        """`login` is a username or an e-mail address. Raises InvalidCredentials, alike whatever was wrong."""
        for _ in range(ATTEMPTS):
            user = await self._find(login)
            if not await self._credentials.prove(user, password) or user is None or not user.is_active:
                break
            refresh_token = OpaqueToken((user.id, self._new_id()), self._new_secret())
            session = Session.start(
                id=SessionId(refresh_token.ids[1]),
                user_id=user.id,
                refresh_hash=refresh_token.hash,
                at=self._clock.now(),
                lifetime=self._lifetime,
                user_agent=device.user_agent,
                ip_address=device.ip_address,
            )
            current = await self._start(session, user, await self._credentials.renewed(user, password))
            if current is not None:
                self._audit.record("login", user_id=user.id, session_id=session.id, ip_address=device.ip_address)
                return self._logged_in(current, session, refresh_token)
        self._audit.record("login_failed", user_id=user.id if user else None, ip_address=device.ip_address)
        raise InvalidCredentials

    async def refresh(self, text: str) -> Login:
        """Both tokens anew; the one given is worth nothing from now on.

        Raises InvalidToken. One that was used before ends its session, as somebody else has had it.
        """
        presented = OpaqueToken.parse(text, ids=2)
        user_id, session_id = UserId(presented.ids[0]), SessionId(presented.ids[1])
        new = OpaqueToken(presented.ids, self._new_secret())
        try:
            user, session = await self._rotate(user_id, session_id, presented, new)
        except RefreshTokenReused:
            await self._standings.forget(user_id)
            self._audit.record("refresh_token_reused", user_id=user_id, session_id=session_id)
            raise
        return self._logged_in(user, session, new)

    async def authenticate(self, text: str) -> Caller:
        """Raises InvalidToken: also for a session that has ended, and a user that is not active any more."""
        now = self._clock.now()
        claims = self._tokens.verify(text, now)

        async def load() -> Standing | None:
            return await self._standing(claims)

        standing = await self._standings.get(claims.session_id, claims.user_id, load)
        if standing is None or now >= standing.expires_at:
            raise InvalidToken
        return Caller(standing.actor, claims.session_id)

    @retried
    async def list(self, user_id: UserId) -> list[Session]:
        """Those that have not ended, newest first."""
        async with self._unit_of_work() as uow:
            sessions = await uow.sessions.of_user(user_id)
        now = self._clock.now()
        return [session for session in sessions if not session.is_over(now)]

    async def end(self, user_id: UserId, session_id: SessionId) -> None:
        """Raises SessionNotFound."""
        await self._remove(user_id, session_id)
        await self._standings.forget(user_id)
        self._audit.record("session_ended", user_id=user_id, session_id=session_id)

    async def end_all(self, user_id: UserId) -> None:
        await self._remove_all(user_id)
        await self._standings.forget(user_id)
        self._audit.record("sessions_ended", user_id=user_id)

    def _logged_in(self, user: User, session: Session, refresh_token: OpaqueToken) -> Login:
        access_token = self._tokens.issue(Claims(user.id, session.id), self._clock.now())
        return Login(user, access_token, refresh_token)

    @retried
    async def _find(self, login: str) -> User | None:
        async with self._unit_of_work() as uow:
            return await uow.users.find_by_login(login)

    @retried
    async def _start(self, session: Session, proven: User, renewed_hash: str | None) -> User | None:
        """None, and nothing stored, if the password is not the proven one any more: it takes long to prove one."""
        async with self._unit_of_work() as uow:
            try:
                user = await uow.users.lock(proven.id)
            except UserNotFound:
                return None
            if user.password_hash != proven.password_hash or not user.is_active:
                return None
            if renewed_hash is not None:
                user = user.with_password(renewed_hash, at=self._clock.now())
                await uow.users.save(user)
            await uow.sessions.add(session)
            await uow.commit()
        return user

    @retried
    async def _standing(self, claims: Claims) -> Standing | None:
        async with self._unit_of_work() as uow:
            return await uow.sessions.standing(claims.session_id, user_id=claims.user_id)

    @retried
    async def _rotate(
        self, user_id: UserId, session_id: SessionId, presented: OpaqueToken, new: OpaqueToken
    ) -> tuple[User, Session]:
        now = self._clock.now()
        try:
            async with self._unit_of_work() as uow:
                session = await uow.sessions.get(session_id, user_id=user_id)
                user = await uow.users.get(user_id)
                if session.is_over(now) or not user.is_active:
                    raise InvalidToken
                try:
                    refreshed = session.refresh(presented.hash, new.hash, at=now)
                except RefreshTokenReused:
                    await uow.sessions.remove(session_id, user_id=user_id)
                    await uow.commit()
                    raise
                await uow.sessions.save(refreshed, replacing=session)
                await uow.commit()
        except (SessionNotFound, UserNotFound):  # from the start, or ended meanwhile
            raise InvalidToken from None
        return user, refreshed

    @retried
    async def _remove(self, user_id: UserId, session_id: SessionId) -> None:
        async with self._unit_of_work() as uow:
            await uow.sessions.remove(session_id, user_id=user_id)
            await uow.commit()

    @retried
    async def _remove_all(self, user_id: UserId) -> None:
        async with self._unit_of_work() as uow:
            await uow.sessions.remove_all(user_id)
            await uow.commit()
