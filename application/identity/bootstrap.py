from collections.abc import Callable
from contextlib import suppress
from typing import Unpack
from uuid import UUID

from application.identity.credentials import Credentials
from application.identity.events import PasswordReset
from application.identity.ports import IdentityUnitOfWork, SessionStateCache
from application.identity.registration import CreateUser, Registration
from application.identity.removal import remove_user
from application.identity.revocation import revoke_reset_tokens
from application.identity.users import ListUsers, find_users, save_edited
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.paging import Page
from application.platform.retry import read, retried
from domain.errors import UserNotFound
from domain.identity.user import User, UserChanges, UserId
from domain.versions import ANY_VERSION


class BootstrapService:
    """Administer accounts for the operator of the service, who has no account.

    No network interface may offer it.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        registration: Registration,
        credentials: Credentials,
        session_states: SessionStateCache,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registration = registration
        self._credentials = credentials
        self._session_states = session_states
        self._clock = clock
        self._new_id = new_id

    async def create_user(self, command: CreateUser) -> User:
        """Create an account with any role. See `Registration.create` for the errors."""
        return await self._registration.create(command, role=command.role, is_active=command.is_active, actor_id=None)

    @retried
    async def find_user(self, name: str) -> User:
        """Return the user with this id, or else with this username or e-mail address.

        An id wins, because a username may look like the id of another user.

        Raises:
            UserNotFound: There is no such user.
        """
        async with self._unit_of_work() as uow:
            with suppress(UserNotFound):
                return await uow.users.get(_to_id(name))
            if user := await uow.users.find_by_login(name):
                return user
            raise UserNotFound

    @retried
    async def list_users(self, query: ListUsers) -> Page[User]:
        """Return one page of all users. See `find_users` for the errors."""
        return await find_users(self._unit_of_work, query)

    @retried
    async def edit_user(self, user_id: UserId, **changes: Unpack[UserChanges]) -> User:
        """Edit a user. See `UserService.edit` for the effects, and `save_edited` for the errors.

        Raises:
            UserNotFound: There is no such user.
            InvalidValue: A field breaks its rule.
        """
        async with self._unit_of_work() as uow:
            before = await uow.users.get(user_id)
            after = before.edit(at=self._clock.now(), **changes)
            if after is not before:
                await save_edited(uow, before, after, changes, self._new_id, actor_id=None)
                await uow.commit()
        if after is before:
            await self._session_states.wait_until_current()
        return after

    async def reset_password(self, user_id: UserId, new: str) -> None:
        """Set a new password, given in plain text, and end all sessions of the user.

        A new password also gets a new limit for wrong passwords, so that a locked account can log in at once.

        Raises:
            UserNotFound: There is no such user.
            WeakPassword: The password breaks a rule of the policy.
        """
        user: User = await read(self._unit_of_work, lambda uow: uow.users.get(user_id))
        password_hash = await self._credentials.hash(new, username=user.username, email=user.email)
        await self._store_password(user_id, password_hash)

    @retried
    async def _store_password(self, user_id: UserId, password_hash: str) -> None:
        async with self._unit_of_work() as uow:
            user = await uow.users.lock(user_id)
            await uow.users.save(user.with_password(password_hash, at=self._clock.now()))
            await uow.sessions.remove_all(user_id)
            await revoke_reset_tokens(uow, user_id)
            uow.add_event(PasswordReset(user_id, actor_id=None))
            await uow.commit()

    @retried
    async def erase_user(self, user_id: UserId) -> None:
        """Delete a user with all their data. See `remove_user` for the errors."""
        async with self._unit_of_work() as uow:
            await remove_user(uow, user_id, ANY_VERSION, self._new_id, actor_id=None)
            await uow.commit()


def _to_id(text: str) -> UserId:
    try:
        return UserId(UUID(text))
    except ValueError:
        raise UserNotFound from None
