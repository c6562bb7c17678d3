from collections.abc import Callable

from application.identity.credentials import Credentials
from application.identity.events import ErasureRefused
from application.identity.ports import IdentityUnitOfWork, SessionStateCache
from application.identity.registration import RegisterUser, Registration
from application.identity.removal import remove_user
from application.identity.revocation import confirm_earlier_revocation
from application.platform.ids import NewId
from application.platform.retry import retried
from domain.errors import UserNotFound, WrongPassword
from domain.identity.actor import Actor
from domain.identity.user import Role, User
from domain.versions import ANY_VERSION, VersionMatch


class AccountService:
    """Register an account, and erase one's own. `UserService` reads and edits accounts."""

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        registration: Registration,
        credentials: Credentials,
        session_states: SessionStateCache,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registration = registration
        self._credentials = credentials
        self._session_states = session_states
        self._new_id = new_id

    async def register(self, command: RegisterUser) -> User:
        """Create an active account with the role of a user, and queue a welcome mail. The caller needs no account.

        Raises:
            InvalidValue: A field breaks its rule.
            WeakPassword: The password breaks a rule of the policy.
            UsernameTaken: Another user has this username.
            EmailTaken: Another user has this e-mail address.
        """
        return await self._registration.create(command, role=Role.USER, is_active=True, actor_id=None)

    async def erase(
        self, actor: Actor, password: str, address: str | None = None, *, versions: VersionMatch = ANY_VERSION
    ) -> None:
        """Delete the actor's account with all data, after a check of the password.

        All workers refuse the sessions of the account before the method returns.

        Args:
            actor: Whose account is deleted.
            password: The current password, in plain text.
            address: The IP address of the client, if it is known.
            versions: The versions of the user that the caller wants to delete.

        Raises:
            UserNotFound: The account was deleted meanwhile.
            WrongPassword: This is not the actor's password, or it was changed at the same time.
            RateLimited: Too many passwords for this account were wrong.
            PreconditionFailed: `versions` does not match the stored version.
            LastAdmin: The actor is the last active admin.
        """
        async with confirm_earlier_revocation(self._session_states, UserNotFound):
            verified = await self._credentials.require_current_password(
                actor, password, address, refusal=ErasureRefused
            )
            await self._remove(verified, versions)

    @retried
    async def _remove(self, verified: User, versions: VersionMatch) -> None:
        async with self._unit_of_work() as uow:
            removed = await remove_user(uow, verified.id, versions, self._new_id, actor_id=verified.id)
            if removed.password_hash != verified.password_hash:
                raise WrongPassword  # nothing is stored without a commit
            await uow.commit()
