import asyncio
from datetime import timedelta
from typing import Final

from application import mails
from application.credentials import Credentials
from application.opaque_token import OpaqueToken
from application.ports.accounts import ResetToken
from application.ports.audit import AuditLog
from application.ports.clock import Clock
from application.ports.mail import Mailer
from application.ports.security import NewSecret
from application.ports.standings import StandingCache
from application.ports.storage import UnitOfWorkFactory
from application.retry import retried
from domain.errors import InvalidResetToken, InvalidToken, UserNotFound, WrongPassword
from domain.session import SessionId
from domain.user import User, UserId

RESET_TAKES: Final = 0.05
"""Seconds, more than storing a token takes."""
RESET_LIFETIME: Final = timedelta(minutes=30)


class PasswordService:
    """Changing a password by knowing the old one, or by reading one's mail."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        credentials: Credentials,
        standings: StandingCache,
        mailer: Mailer,
        audit: AuditLog,
        clock: Clock,
        new_secret: NewSecret,
        public_url: str,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._credentials = credentials
        self._standings = standings
        self._mailer = mailer
        self._audit = audit
        self._clock = clock
        self._new_secret = new_secret
        self._public_url = public_url

    async def change(self, user_id: UserId, session_id: SessionId, current: str, new: str) -> None:
        """Ends all other sessions. Raises WrongPassword, WeakPassword."""
        user = await self._get(user_id)
        if not await self._credentials.prove(user, current):
            self._audit.record("password_change_refused", user_id=user_id)
            raise WrongPassword
        password_hash = await self._credentials.choose(new, username=user.username, email=user.email)
        await self._store(user, password_hash, keep=session_id)
        self._audit.record("password_changed", user_id=user_id)

    async def request_reset(self, email: str) -> None:
        """Mails a link to the account's address, if there is such an account.

        The caller learns nothing, neither from the answer nor by waiting for it.
        """
        await asyncio.gather(self._request_reset(email), asyncio.sleep(RESET_TAKES))

    async def _request_reset(self, email: str) -> None:
        user = await self._find(email)
        if user is None or not user.is_active or "@" not in email:
            self._audit.record("password_reset_of_nobody")
            return
        token = OpaqueToken((user.id,), self._new_secret())
        await self._put(ResetToken(user.id, token.hash, self._clock.now() + RESET_LIFETIME))
        await self._mailer.send(mails.password_reset(user, f"{self._public_url}/reset-password?token={token.text}"))
        self._audit.record("password_reset_requested", user_id=user.id)

    async def reset(self, text: str, new: str) -> None:
        """Ends all sessions. Raises InvalidResetToken, and WeakPassword, which leaves the token good."""
        try:
            token = OpaqueToken.parse(text, ids=1)
            user = await self._get(UserId(token.ids[0]))
        except (InvalidToken, UserNotFound):
            raise InvalidResetToken from None
        await self._require_good(user, token)
        password_hash = await self._credentials.choose(new, username=user.username, email=user.email)
        await self._spend(user, token, password_hash)
        await self._standings.forget(user.id)
        self._audit.record("password_reset", user_id=user.id)

    @retried
    async def _get(self, user_id: UserId) -> User:
        async with self._unit_of_work() as uow:
            return await uow.users.get(user_id)

    @retried
    async def _find(self, email: str) -> User | None:
        async with self._unit_of_work() as uow:
            return await uow.users.find_by_login(email)

    @retried
    async def _put(self, token: ResetToken) -> None:
        async with self._unit_of_work() as uow:
            await uow.reset_tokens.put(token)
            await uow.commit()

    @retried
    async def _store(self, user: User, password_hash: str, *, keep: SessionId) -> None:
        async with self._unit_of_work() as uow:
            stored = await uow.users.get(user.id)
            if stored.password_hash != user.password_hash:
                raise WrongPassword
            await uow.users.save(stored.with_password(password_hash, at=self._clock.now()))
            await uow.sessions.remove_all(user.id, keep=keep)
            await uow.reset_tokens.remove(user.id)
            await uow.commit()
        await self._standings.forget(user.id)

    @retried
    async def _require_good(self, user: User, token: OpaqueToken) -> None:
        async with self._unit_of_work() as uow:
            self._match(await uow.reset_tokens.find(user.id), token)

    @retried
    async def _spend(self, user: User, token: OpaqueToken, password_hash: str) -> None:
        async with self._unit_of_work() as uow:
            self._match(await uow.reset_tokens.find(user.id), token)
            await uow.reset_tokens.remove(user.id)
            stored = await uow.users.get(user.id)
            await uow.users.save(stored.with_password(password_hash, at=self._clock.now()))
            await uow.sessions.remove_all(user.id)
            await uow.commit()

    def _match(self, stored: ResetToken | None, token: OpaqueToken) -> None:
        if stored is None or stored.token_hash != token.hash or self._clock.now() >= stored.expires_at:
            raise InvalidResetToken
