from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Unpack

from application.files.jobs import remove_all_bytes_job
from application.identity.credentials import Credentials
from application.identity.mails import WELCOME_MAIL
from application.identity.ports import IdentityUnitOfWork, SessionStateCache
from application.jobs.ports import Job, JobId
from application.platform.audit import AuditLog
from application.platform.clock import Clock
from application.platform.idempotency import IdempotentWrite
from application.platform.ids import NewId
from application.platform.retry import retried
from domain.errors import LastAdmin, WrongPassword
from domain.identity.user import Role, User, UserChanges, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUser:
    """Command: create an account."""

    username: str
    email: str
    password: str = field(repr=False)
    full_name: str | None = None
    timezone: str = "UTC"
    role: Role = Role.USER
    is_active: bool = True


class AccountService:
    """Register, edit and erase accounts.

    Callers of `edit` and `remove` must have checked that the change is allowed. Changes and removals of a user take
    effect on all workers before the method returns.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        credentials: Credentials,
        session_states: SessionStateCache,
        audit: AuditLog,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._credentials = credentials
        self._session_states = session_states
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

    async def register(self, command: RegisterUser, *, idempotent_write: IdempotentWrite[User] | None = None) -> User:
        """Create an account and queue a welcome mail.

        Args:
            command: The account to create.
            idempotent_write: Stores the response in the same transaction, for requests with an idempotency key.

        Raises:
            InvalidValue: A field breaks its rule.
            WeakPassword: The password breaks a rule of the policy.
            UsernameTaken: Another user has this username.
            EmailTaken: Another user has this e-mail address.
            AlreadyExecuted: The request took effect before; see `IdempotentWrite.store` for its other errors.
        """
        user = User.register(
            id=UserId(self._new_id()),
            username=command.username,
            email=command.email,
            full_name=command.full_name,
            timezone=command.timezone,
            role=command.role,
            is_active=command.is_active,
            password_hash="",
            at=self._clock.now(),
        )
        password_hash = await self._credentials.hash(command.password, username=user.username, email=user.email)
        user = replace(user, password_hash=password_hash)
        await self._store(user, idempotent_write)
        self._audit.record("user_registered", user_id=user.id, role=user.role)
        return user

    @retried
    async def _store(self, user: User, idempotent_write: IdempotentWrite[User] | None) -> None:
        welcome = Job(id=JobId(self._new_id()), kind=WELCOME_MAIL, run_at=self._clock.now(), owner_id=user.id)
        async with self._unit_of_work() as uow:
            if idempotent_write is not None:
                await idempotent_write.store(uow, user)
            await uow.users.add(user)
            await uow.jobs.add(welcome)
            await uow.commit()

    @retried
    async def get(self, user_id: UserId) -> User:
        """Return a user.

        Raises:
            UserNotFound: There is no such user.
        """
        async with self._unit_of_work() as uow:
            return await uow.users.get(user_id)

    async def edit(
        self, user_id: UserId, *, versions: frozenset[int] | None = None, **changes: Unpack[UserChanges]
    ) -> User:
        """Edit a user. An edit that changes nothing stores nothing.

        Args:
            user_id: The user to edit.
            versions: The versions that the caller accepts; None accepts any.
            changes: The new values of the fields that change.

        Raises:
            UserNotFound: There is no such user.
            PreconditionFailed: The stored version is not in `versions`.
            EmailTaken: Another user has the new e-mail address.
            LastAdmin: The user is the last active admin, and the change would end that.
            InvalidValue: A field breaks its rule.
        """
        before, after = await self._edit(user_id, versions, changes)
        if after is not before:
            await self._session_states.invalidate(user_id)
            self._audit.record("user_changed", user_id=user_id, fields=sorted(changes))
        if after.role is not before.role:
            self._audit.record("role_changed", user_id=user_id, old=before.role, new=after.role)
        return after

    @retried
    async def _edit(self, user_id: UserId, versions: frozenset[int] | None, changes: UserChanges) -> tuple[User, User]:
        async with self._unit_of_work() as uow:
            before = await uow.users.get(user_id)
            before.require_version(versions)
            after = before.edit(at=self._clock.now(), **changes)
            if after is not before:
                await _require_another_admin(uow, before, after)
                await uow.users.save(after)
                if after.email != before.email:
                    await uow.reset_tokens.remove(user_id)  # it was mailed to the old address
                await uow.commit()
        return before, after

    async def erase(self, user_id: UserId, password: str, *, versions: frozenset[int] | None = None) -> None:
        """Delete the user with all their data, after a check of the password.

        Raises:
            UserNotFound: There is no such user.
            WrongPassword: This is not the user's password.
            PreconditionFailed: The stored version is not in `versions`.
            LastAdmin: The user is the last active admin.
        """
        if not await self._credentials.verify(await self.get(user_id), password):
            self._audit.record("erasure_refused", user_id=user_id)
            raise WrongPassword
        await self.remove(user_id, versions=versions)

    async def remove(self, user_id: UserId, *, versions: frozenset[int] | None = None) -> None:
        """Delete the user with all their data, without a password.

        Raises:
            UserNotFound: There is no such user.
            PreconditionFailed: The stored version is not in `versions`.
            LastAdmin: The user is the last active admin.
        """
        await self._remove(user_id, versions)
        await self._session_states.invalidate(user_id)
        self._audit.record("user_erased", user_id=user_id)

    @retried
    async def _remove(self, user_id: UserId, versions: frozenset[int] | None) -> None:
        async with self._unit_of_work() as uow:
            user = await uow.users.get(user_id)
            user.require_version(versions)
            await _require_another_admin(uow, user, None)
            await uow.users.remove(user)
            await uow.jobs.add(remove_all_bytes_job(user_id, self._new_id, self._clock.now()))
            await uow.commit()


async def _require_another_admin(uow: IdentityUnitOfWork, before: User, after: User | None) -> None:
    """Raise LastAdmin if the change from `before` to `after` would remove the last active admin. None means removal."""
    is_lost = before.is_active_admin and not (after and after.is_active_admin)
    if is_lost and await uow.users.count_active_admins() <= 1:
        raise LastAdmin
