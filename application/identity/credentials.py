from application.identity.security import PasswordHasher
from domain.identity.password import PasswordPolicy
from domain.identity.user import User


class Credentials:
    """Passwords as the use cases need them: chosen by the policy, kept by the hasher."""

    def __init__(self, policy: PasswordPolicy, hasher: PasswordHasher) -> None:
        self._policy = policy
        self._hasher = hasher

    async def choose(self, password: str, *, username: str, email: str) -> str:
        """The hash to store. Raises WeakPassword."""
        self._policy.check(password, username=username, email=email)
        return await self._hasher.hash(password)

    async def prove(self, user: User | None, password: str) -> bool:
        """Whether it is the user's; False for nobody, after the same time."""
        return await self._hasher.verify(password, user.password_hash if user else None)

    async def renewed(self, user: User, password: str) -> str | None:
        """A hash that takes today's effort, if the stored one does not."""
        return await self._hasher.hash(password) if self._hasher.is_outdated(user.password_hash) else None
