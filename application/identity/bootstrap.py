from collections.abc import Callable

from application.identity.ports import IdentityUnitOfWork
from application.identity.registration import CreateUser, Registration
from application.identity.removal import remove_user
from application.platform.ids import NewId
from application.platform.retry import retried
from domain.identity.user import User, UserId
from domain.versions import ANY_VERSION


class BootstrapService:
    """Create and erase accounts for the operator of the service, who has no account.

    No network interface may offer it.
    """

    def __init__(
        self, unit_of_work: Callable[[], IdentityUnitOfWork], registration: Registration, new_id: NewId
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registration = registration
        self._new_id = new_id

    async def create_user(self, command: CreateUser) -> User:
        """Create an account with any role. See `Registration.create` for the errors."""
        return await self._registration.create(command, role=command.role, is_active=command.is_active, actor_id=None)

    @retried
    async def erase_user(self, user_id: UserId) -> None:
        """Delete a user with all their data. See `remove_user` for the errors."""
        async with self._unit_of_work() as uow:
            await remove_user(uow, user_id, ANY_VERSION, self._new_id, actor_id=None)
            await uow.commit()
