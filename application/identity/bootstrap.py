from application.identity.registration import CreateUser, Registration
from domain.identity.user import User


class BootstrapService:
    """Create accounts for the operator of the service, who has no account, for example the first admin.

    No network interface may offer it.
    """

    def __init__(self, registration: Registration) -> None:
        self._registration = registration

    async def create_user(self, command: CreateUser) -> User:
        """Create an account with any role. See `Registration.create` for the errors."""
        return await self._registration.create(command, role=command.role, is_active=command.is_active, actor_id=None)
