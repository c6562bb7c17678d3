from collections.abc import Callable

from application.identity.credentials import Credentials
from application.identity.mails import RESET_MAIL
from application.identity.opaque_tokens import OpaqueToken
from application.identity.ports import IdentityUnitOfWork, ResetToken, StandingCache
from application.jobs.ports import Job, JobId
from application.platform.audit import AuditLog
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import retried
from domain.errors import InvalidResetToken, InvalidToken, UserNotFound, WrongPassword
from domain.identity.session import SessionId
from domain.identity.user import User, UserId


class PasswordService:
    """Changing a password by knowing the old one, or by reading one's mail."""

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        credentials: Credentials,
        standings: StandingCache,
        audit: AuditLog,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._credentials = credentials
        self._standings = standings
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

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
        """A link is mailed to the account with this address, if there is one.

        The caller learns nothing, neither from the answer nor by waiting for it: nobody is looked up meanwhile.
        """
        self._audit.record("password_reset_requested")
        await self._queue(
            Job(id=JobId(self._new_id()), kind=RESET_MAIL, run_at=self._clock.now(), payload={"email": email})
        )

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
    async def _queue(self, job: Job) -> None:
        async with self._unit_of_work() as uow:
            await uow.jobs.add(job)
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
