from application.identity.security import PasswordHasher
from domain.identity.password import PasswordPolicy
from domain.identity.user import User


class Credentials:
    """Verify passwords, and hash new ones that meet the policy."""

    def __init__(self, policy: PasswordPolicy, hasher: PasswordHasher) -> None:
        self._policy = policy
        self._hasher = hasher

    async def hash(self, password: str, *, username: str, email: str) -> str:
        """Check a new password against the policy and return its hash.

        Raises:
            WeakPassword: The password breaks a rule of the policy.
        """
        self._policy.check(password, username=username, email=email)
        return await self._hasher.hash(password)

    async def verify(self, user: User | None, password: str) -> bool:
        """Return whether this is the password of the user. Without a user: False, after the same time."""
        return await self._hasher.verify(password, user.password_hash if user else None)

    async def rehash_if_outdated(self, user: User, password: str) -> str | None:
        """Return a new hash if the stored one was made with less effort than configured now, otherwise None."""
        return await self._hasher.hash(password) if self._hasher.is_outdated(user.password_hash) else None
