from collections.abc import Callable

from application.identity.credentials import Credentials
from application.identity.events import PasswordChanged, PasswordChangeRefused, PasswordReset, PasswordResetRequested
from application.identity.mails import RESET_MAIL
from application.identity.opaque_tokens import OpaqueToken
from application.identity.ports import IdentityUnitOfWork
from application.identity.revocation import revoke_reset_tokens
from application.jobs.ports import Job, JobId
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import read, retried
from domain.errors import InvalidResetToken, InvalidToken, UserNotFound, WrongPassword
from domain.identity.actor import Actor
from domain.identity.reset_tokens import ResetTokens
from domain.identity.session import SessionId
from domain.identity.user import User, UserId


class PasswordService:
    """Change a password with the current one, or reset it with a token from a mail.

    Revoked sessions are refused by all workers before the method returns.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        credentials: Credentials,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._credentials = credentials
        self._clock = clock
        self._new_id = new_id

    async def change(
        self, actor: Actor, session_id: SessionId, current: str, new: str, address: str | None = None
    ) -> None:
        """Change the actor's password and end all sessions of the actor except `session_id`.

        Args:
            actor: Whose password is changed.
            session_id: The session that continues.
            current: The current password, in plain text.
            new: The new password, in plain text.
            address: The IP address of the client, if it is known.

        Raises:
            UserNotFound: The account was deleted meanwhile.
            WrongPassword: `current` is not the user's password, or it was changed at the same time.
            RateLimited: Too many passwords for this account were wrong.
            WeakPassword: The new password breaks a rule of the policy.
        """
        user = await self._credentials.require_current_password(actor, current, address, refusal=PasswordChangeRefused)
        password_hash = await self._credentials.hash(new, username=user.username, email=user.email)
        await self._store(user, password_hash, keep=session_id)

    async def request_reset(self, email: str) -> None:
        """Queue a mail with a reset link to the account with this address. The caller needs no account.

        The account is looked up only when the job runs, so that neither the response nor its time reveals whether the
        address has an account. The entrypoint limits the requests of each client.
        """
        payload, now = {"email": email}, self._clock.now()
        await self._queue(Job(id=JobId(self._new_id()), kind=RESET_MAIL, payload=payload, created_at=now))

    async def reset(self, reset_token: str, new: str) -> None:
        """Set a new password with a reset token, and end all sessions of the user.

        Raises:
            InvalidResetToken: The token is malformed, expired or already used, or its user is inactive.
            WeakPassword: The new password breaks a rule of the policy. The token stays valid.
        """
        try:
            token = OpaqueToken.parse(reset_token, ids=1)
            user: User = await read(self._unit_of_work, lambda uow: uow.users.get(UserId(token.ids[0])))
        except (InvalidToken, UserNotFound):
            raise InvalidResetToken from None
        self._check_token(user, await read(self._unit_of_work, lambda uow: uow.reset_tokens.find(user.id)), token)
        password_hash = await self._credentials.hash(new, username=user.username, email=user.email)
        await self._redeem(user, token, password_hash)

    @retried
    async def _queue(self, job: Job) -> None:
        async with self._unit_of_work() as uow:
            await uow.jobs.add(job)
            uow.add_event(PasswordResetRequested(job.id))
            await uow.commit()

    @retried
    async def _store(self, user: User, password_hash: str, *, keep: SessionId) -> None:
        async with self._unit_of_work() as uow:
            stored = await uow.users.get(user.id)
            if stored.password_hash != user.password_hash:
                raise WrongPassword
            await uow.users.save(stored.with_password(password_hash, at=self._clock.now()))
            await uow.sessions.remove_all(user.id, keep=keep)
            await revoke_reset_tokens(uow, user.id)
            uow.add_event(PasswordChanged(user.id, actor_id=user.id))
            await uow.commit()

    @retried
    async def _redeem(self, user: User, token: OpaqueToken, password_hash: str) -> None:
        async with self._unit_of_work() as uow:
            try:
                stored = await uow.users.lock(user.id)
            except UserNotFound:
                raise InvalidResetToken from None
            self._check_token(stored, await uow.reset_tokens.find(user.id), token)
            await uow.reset_tokens.remove(user.id)
            await uow.users.save(stored.with_password(password_hash, at=self._clock.now()))
            await uow.sessions.remove_all(user.id)
            uow.add_event(PasswordReset(user.id, actor_id=user.id))
            await uow.commit()

    def _check_token(self, user: User, tokens: ResetTokens, token: OpaqueToken) -> None:
        if not user.is_active or not tokens.is_valid(token.hash, self._clock.now()):
            raise InvalidResetToken
