from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Unpack

from application.files.jobs import removal_of_all
from application.identity.credentials import Credentials
from application.identity.mails import WELCOME_MAIL
from application.identity.ports import IdentityUnitOfWork, StandingCache
from application.jobs.ports import Job, JobId
from application.platform.audit import AuditLog
from application.platform.clock import Clock
from application.platform.idempotency import Once
from application.platform.ids import NewId
from application.platform.retry import retried
from domain.errors import LastAdmin, WrongPassword
from domain.identity.user import Role, User, UserChanges, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUser:
    username: str
    email: str
    password: str = field(repr=False)
    full_name: str | None = None
    timezone: str = "UTC"
    role: Role = Role.USER
    is_active: bool = True


class AccountService:
    """One's own account, from registering to erasing it."""

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

    async def register(self, command: RegisterUser, *, once: Once[User] | None = None) -> User:
        """The account, and a mail of welcome.

        Raises the InvalidValue of a field, WeakPassword, UsernameTaken, EmailTaken; with `once`, what keeping
        it raises.
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
        password_hash = await self._credentials.choose(command.password, username=user.username, email=user.email)
        user = replace(user, password_hash=password_hash)
        await self._store(user, once)
        self._audit.record("user_registered", user_id=user.id, role=user.role)
        return user

    @retried
    async def _store(self, user: User, once: Once[User] | None) -> None:
        welcome = Job(id=JobId(self._new_id()), kind=WELCOME_MAIL, run_at=self._clock.now(), owner_id=user.id)
        async with self._unit_of_work() as uow:
            if once is not None:
                await once.keep(uow, user)
            await uow.users.add(user)
            await uow.jobs.add(welcome)
            await uow.commit()

    @retried
    async def profile(self, user_id: UserId) -> User:
        """Raises UserNotFound."""
        async with self._unit_of_work() as uow:
            return await uow.users.get(user_id)

    async def edit(
        self, user_id: UserId, *, versions: frozenset[int] | None = None, **changes: Unpack[UserChanges]
    ) -> User:
        """Whoever calls this has seen to it that these changes may be made.

        Raises UserNotFound, PreconditionFailed, EmailTaken, LastAdmin, the InvalidValue of a field.
        """
        before, after = await self._edit(user_id, versions, changes)
        if after is not before:
            await self._standings.forget(user_id)
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
                    await uow.reset_tokens.remove(user_id)  # it was mailed to the address before
                await uow.commit()
        return before, after

    async def erase(self, user_id: UserId, password: str, *, versions: frozenset[int] | None = None) -> None:
        """With everything that is the user's. Raises WrongPassword, PreconditionFailed, LastAdmin."""
        if not await self._credentials.prove(await self.profile(user_id), password):
            self._audit.record("erasure_refused", user_id=user_id)
            raise WrongPassword
        await self.remove(user_id, versions=versions)

    async def remove(self, user_id: UserId, *, versions: frozenset[int] | None = None) -> None:
        """As `erase`, for whoever has seen to it that it may be done.

        Raises UserNotFound, PreconditionFailed, LastAdmin.
        """
        await self._remove(user_id, versions)
        await self._standings.forget(user_id)
        self._audit.record("user_erased", user_id=user_id)

    @retried
    async def _remove(self, user_id: UserId, versions: frozenset[int] | None) -> None:
        async with self._unit_of_work() as uow:
            user = await uow.users.get(user_id)
            user.require_version(versions)
            await _require_another_admin(uow, user, None)
            await uow.users.remove(user)
            await uow.jobs.add(removal_of_all(user_id, self._new_id, self._clock.now()))
            await uow.commit()


async def _require_another_admin(uow: IdentityUnitOfWork, before: User, after: User | None) -> None:
    """Raises LastAdmin if nobody would be left to keep the accounts."""
    is_lost = before.is_active_admin and not (after and after.is_active_admin)
    if is_lost and await uow.users.count_active_admins() <= 1:
        raise LastAdmin
