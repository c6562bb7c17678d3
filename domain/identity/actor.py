from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self
from zoneinfo import ZoneInfo

from domain.errors import Forbidden, UserNotFound
from domain.identity.user import Role, User, UserId

PRIVILEGES: Final = frozenset({"role", "is_active"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and what they may: users on what is theirs, managers read everybody's, admins also keep accounts."""

    user_id: UserId
    role: Role
    timezone: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(user.id, user.role, user.timezone)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def reads_everybody(self) -> bool:
        return self.role is not Role.USER

    @property
    def administers(self) -> bool:
        return self.role is Role.ADMIN

    def require_sight_of(self, user_id: UserId) -> None:
        """Raises UserNotFound where the actor may not know that there is such a user."""
        if user_id != self.user_id and not self.reads_everybody:
            raise UserNotFound

    def require_overview(self) -> None:
        """Raises Forbidden unless the actor may list accounts."""
        if not self.reads_everybody:
            raise Forbidden("only managers and admins list users")

    def require_edit_of(self, user_id: UserId, fields: Collection[str]) -> None:
        """Raises UserNotFound, or Forbidden: managers change nobody else, and only admins change roles and activity."""
        self.require_sight_of(user_id)
        if not self.administers and (user_id != self.user_id or PRIVILEGES.intersection(fields)):
            raise Forbidden("only admins do this")

    def require_removal_of(self, user_id: UserId) -> None:
        """Raises UserNotFound, or Forbidden: one's own account is erased with one's password."""
        self.require_sight_of(user_id)
        self.require_administration()

    def require_administration(self) -> None:
        """Raises Forbidden unless the actor may keep accounts."""
        if not self.administers:
            raise Forbidden("only admins do this")
