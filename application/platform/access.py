"""Whose data a use case reads."""

from typing import Protocol

from application.platform.unit_of_work import UnitOfWork
from domain.identity.actor import Actor
from domain.identity.user import User, UserId


class UserLookup(Protocol):
    """The part of the user repository that features other than identity need."""

    async def get(self, user_id: UserId) -> User:
        """Return a user.

        Raises:
            UserNotFound: There is no such user.
        """
        ...

    async def lock(self, user_id: UserId) -> User:
        """Return a user, and lock the row until the transaction ends.

        Raises:
            UserNotFound: There is no such user.
        """
        ...

    async def find_by_login(self, login: str) -> User | None:
        """Return the user with this username or e-mail address, ignoring case, or None."""
        ...


class AccessUnitOfWork(UnitOfWork, Protocol):
    """What `visible_owner` reads."""

    @property
    def users(self) -> UserLookup:
        """The users of the service."""
        ...


async def visible_owner(uow: AccessUnitOfWork, actor: Actor, owner_id: UserId | None) -> Actor:
    """Return the owner whose data the actor reads: the actor itself, or another user, who is looked up.

    Raises:
        UserNotFound: The actor may not see this user, or there is no such user.
    """
    if owner_id is None or owner_id == actor.user_id:
        return actor
    actor.require_visible(owner_id)
    return Actor.of(await uow.users.get(owner_id))
