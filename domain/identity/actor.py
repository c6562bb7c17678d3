from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self
from zoneinfo import ZoneInfo

from domain.errors import Forbidden, UserNotFound
from domain.identity.user import Role, User, UserId

PRIVILEGED_FIELDS: Final = frozenset({"role", "is_active"})
"""Only admins change these fields of a user."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who performs a use case, with the rights of their role.

    Users read and write their own data. Managers also read the data of all users. Admins also administer accounts.
    """

    user_id: UserId
    role: Role
    timezone: str

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the actor for a user."""
        return cls(user.id, user.role, user.timezone)

    @property
    def zone(self) -> ZoneInfo:
        """The actor's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def may_read_all(self) -> bool:
        """Whether the actor may read the data of all users."""
        return self.role is not Role.USER

    @property
    def is_admin(self) -> bool:
        """Whether the actor may administer accounts."""
        return self.role is Role.ADMIN

    def require_visible(self, user_id: UserId) -> None:
        """Check that the actor may see a user.

        Raises:
            UserNotFound: The actor may not know whether this user exists.
        """
        if user_id != self.user_id and not self.may_read_all:
            raise UserNotFound(ids=[user_id])

    def require_may_list_users(self) -> None:
        """Check that the actor may list users.

        Raises:
            Forbidden: The actor is neither a manager nor an admin.
        """
        if not self.may_read_all:
            raise Forbidden("only managers and admins may list users")

    def require_may_edit(self, user_id: UserId, fields: Collection[str]) -> None:
        """Check that the actor may change these fields of a user.

        Raises:
            UserNotFound: The actor may not see the user.
            Forbidden: Only admins change other users, roles and `is_active`.
        """
        self.require_visible(user_id)
        if not self.is_admin and (user_id != self.user_id or PRIVILEGED_FIELDS.intersection(fields)):
            raise Forbidden("only admins may do this")

    def must_confirm(self, before: User, after: User) -> bool:
        """Return whether a change requires the actor's password: it changes the e-mail address of the actor's account.

        A reset link is mailed to this address. A stolen token must not be enough to take the account over.
        """
        return before.id == self.user_id and after.email != before.email

    def require_may_remove(self, user_id: UserId) -> None:
        """Check that the actor may delete a user without a password.

        Raises:
            UserNotFound: The actor may not see the user.
            Forbidden: The actor is no admin, or the account is the actor's own: its erasure needs the password.
        """
        self.require_visible(user_id)
        self.require_admin()
        if user_id == self.user_id:
            raise Forbidden("erasing your own account requires your password")

    def require_admin(self) -> None:
        """Check that the actor is an admin.

        Raises:
            Forbidden: The actor is no admin.
        """
        if not self.is_admin:
            raise Forbidden("only admins may do this")
