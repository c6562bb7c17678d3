from collections.abc import Callable
from dataclasses import dataclass, field, replace

from application.identity.credentials import Credentials
from application.identity.events import UserRegistered
from application.identity.mails import WELCOME_MAIL
from application.identity.ports import IdentityUnitOfWork
from application.jobs.ports import Job, JobId
from application.platform.clock import Clock
from application.platform.idempotency import IdempotentWrite
from application.platform.ids import NewId
from application.platform.retry import read, retried
from domain.identity.user import Role, User, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUser:
    """Command: create an account for oneself. It has the role of a user and is active."""

    username: str
    email: str
    password: str = field(repr=False)
    full_name: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUser(RegisterUser):
    """Command: create an account for another person."""

    role: Role = Role.USER
    is_active: bool = True


class Registration:
    """Store new accounts. The services that call it check who may create which account."""

    def __init__(
        self, unit_of_work: Callable[[], IdentityUnitOfWork], credentials: Credentials, clock: Clock, new_id: NewId
    ) -> None:
        self._unit_of_work = unit_of_work
        self._credentials = credentials
        self._clock = clock
        self._new_id = new_id

    async def create(
        self,
        command: RegisterUser,
        idempotent_write: IdempotentWrite[User] | None = None,
        *,
        role: Role,
        is_active: bool,
        actor_id: UserId | None,
    ) -> User:
        """Create an account and queue a welcome mail.

        Args:
            command: The account to create.
            idempotent_write: Stores the response in the same transaction, for requests with an idempotency key.
            role: The role of the account. A command that has a role of its own does not decide it.
            is_active: Whether the user may log in.
            actor_id: The admin who creates the account; None for oneself and for the operator.

        Raises:
            InvalidValue: A field breaks its rule.
            WeakPassword: The password breaks a rule of the policy.
            UsernameTaken: Another user has this username.
            EmailTaken: Another user has this e-mail address.
            AlreadyExecuted: The request took effect before; see `IdempotentWrite.store` for its other errors.
        """
        if idempotent_write is not None:
            await read(self._unit_of_work, idempotent_write.require_new)  # hashing takes long
        user = User.register(
            id=UserId(self._new_id()),
            username=command.username,
            email=command.email,
            full_name=command.full_name,
            timezone=command.timezone,
            role=role,
            is_active=is_active,
            password_hash="",
            at=self._clock.now(),
        )
        password_hash = await self._credentials.hash(command.password, username=user.username, email=user.email)
        user = replace(user, password_hash=password_hash)
        await self._store(user, idempotent_write, actor_id)
        return user

    @retried
    async def _store(self, user: User, idempotent_write: IdempotentWrite[User] | None, actor_id: UserId | None) -> None:
        welcome = Job(id=JobId(self._new_id()), kind=WELCOME_MAIL, owner_id=user.id)
        async with self._unit_of_work() as uow:
            if idempotent_write is not None:
                await idempotent_write.store(uow, user, subject_id=user.id)
            await uow.users.add(user)
            await uow.jobs.add(welcome)
            uow.add_event(UserRegistered.of(user, actor_id))
            await uow.commit()
