from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Unpack

from application.identity.accounts import AccountService, RegisterUser
from application.identity.ports import IdentityUnitOfWork
from application.platform.idempotency import IdempotentWrite
from application.platform.paging import Page, Paging
from application.platform.retry import retried
from domain.errors import Forbidden
from domain.identity.actor import Actor
from domain.identity.user import User, UserChanges, UserId
from domain.identity.user_query import UserFilter, UserOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUsers:
    """Query: one page of the list of users."""

    filter: UserFilter = UserFilter()
    order: UserOrder = UserOrder()
    paging: Paging = Paging()


class UserService:
    """Read and administer accounts, within the rights of the actor."""

    def __init__(self, unit_of_work: Callable[[], IdentityUnitOfWork], accounts: AccountService) -> None:
        self._unit_of_work = unit_of_work
        self._accounts = accounts

    @retried
    async def list(self, actor: Actor, query: ListUsers) -> Page[User]:
        """Return one page of all users.

        Raises:
            Forbidden: The actor may not list users.
            InvalidValue: The cursor is damaged or belongs to another list.
        """
        actor.require_may_list_users()
        paging = query.paging
        window = paging.window(query.filter, query.order)
        async with self._unit_of_work() as uow:
            found = await uow.users.find(query.filter, query.order, window)
        return paging.page(found.items, found.total, is_exact=False, filter=query.filter, order=query.order)

    async def create(
        self, actor: Actor, command: RegisterUser, *, idempotent_write: IdempotentWrite[User] | None = None
    ) -> User:
        """Create an account for another person.

        Raises:
            Forbidden: The actor is no admin. See `AccountService.register` for other errors.
        """
        actor.require_admin()
        return await self._accounts.register(command, idempotent_write=idempotent_write)

    async def get(self, actor: Actor, user_id: UserId) -> User:
        """Return a user.

        Raises:
            UserNotFound: There is no such user, or the actor may not see it.
        """
        actor.require_visible(user_id)
        return await self._accounts.get(user_id)

    async def edit(
        self,
        actor: Actor,
        user_id: UserId,
        *,
        versions: frozenset[int] | None = None,
        **changes: Unpack[UserChanges],
    ) -> User:
        """Edit a user. See `AccountService.edit` for arguments and other errors.

        Raises:
            UserNotFound: There is no such user, or the actor may not see it.
            Forbidden: The actor may see the user, but not make these changes.
        """
        async with self._not_found_first(user_id):
            actor.require_may_edit(user_id, changes)
        return await self._accounts.edit(user_id, versions=versions, **changes)

    async def delete(self, actor: Actor, user_id: UserId, *, versions: frozenset[int] | None = None) -> None:
        """Delete a user with all their data. See `AccountService.remove` for other errors.

        Raises:
            UserNotFound: There is no such user, or the actor may not see it.
            Forbidden: The actor is no admin.
        """
        async with self._not_found_first(user_id):
            actor.require_may_remove(user_id)
        await self._accounts.remove(user_id, versions=versions)

    @asynccontextmanager
    async def _not_found_first(self, user_id: UserId) -> AsyncIterator[None]:
        """Raise UserNotFound instead of Forbidden if there is no such user."""
        try:
            yield
        except Forbidden:
            await self._accounts.get(user_id)
            raise
