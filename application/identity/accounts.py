from collections.abc import Callable

from application.identity.credentials import Credentials
from application.identity.ports import IdentityUnitOfWork
from application.identity.registration import RegisterUser, Registration
from application.identity.removal import remove_user
from application.platform.audit import AuditLog
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import read, retried
from domain.errors import WrongPassword
from domain.identity.actor import Actor
from domain.identity.user import Role, User, UserId


class AccountService:
    """Register an account, and erase one's own. `UserService` reads and edits accounts."""

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        registration: Registration,
        credentials: Credentials,
        audit: AuditLog,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registration = registration
        self._credentials = credentials
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

    async def register(self, command: RegisterUser) -> User:
        """Create an active account with the role of a user, and queue a welcome mail. The caller needs no account.

        Raises:
            InvalidValue: A field breaks its rule.
            WeakPassword: The password breaks a rule of the policy.
            UsernameTaken: Another user has this username.
            EmailTaken: Another user has this e-mail address.
        """
        return await self._registration.create(command, role=Role.USER, is_active=True)

    async def erase(self, actor: Actor, password: str, *, versions: frozenset[int] | None = None) -> None:
        """Delete the actor's account with all data, after a check of the password.

        All workers refuse the sessions of the account before the method returns.

        Raises:
            UserNotFound: The account was deleted meanwhile.
            WrongPassword: This is not the actor's password.
            PreconditionFailed: The stored version is not in `versions`.
            LastAdmin: The actor is the last active admin.
        """
        user: User = await read(self._unit_of_work, lambda uow: uow.users.get(actor.user_id))
        if not await self._credentials.verify(user, password):
            self._audit.record("erasure_refused", user_id=actor.user_id)
            raise WrongPassword
        await self._remove(actor.user_id, versions)

    @retried
    async def _remove(self, user_id: UserId, versions: frozenset[int] | None) -> None:
        async with self._unit_of_work() as uow:
            await remove_user(uow, user_id, versions, self._new_id, self._clock.now())
            await uow.commit()
