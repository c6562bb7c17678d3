from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Unpack

from application.identity.accounts import AccountService, RegisterUser
from application.identity.ports import IdentityUnitOfWork
from application.platform.idempotency import Once
from application.platform.paging import Page, Paging
from application.platform.retry import retried
from domain.errors import Forbidden
from domain.identity.actor import Actor
from domain.identity.user import User, UserChanges, UserId
from domain.identity.user_query import UserFilter, UserOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUsers:
    filter: UserFilter = UserFilter()
    order: UserOrder = UserOrder()
    paging: Paging = Paging()


class UserService:
    """Looking at users, and keeping their accounts, as far as the actor may."""

    def __init__(self, unit_of_work: Callable[[], IdentityUnitOfWork], accounts: AccountService) -> None:
        self._unit_of_work = unit_of_work
        self._accounts = accounts

    @retried
    async def list(self, actor: Actor, query: ListUsers) -> Page[User]:
        """Raises Forbidden, InvalidCursor."""
        actor.require_overview()
        paging = query.paging
        after = paging.after(query.filter, query.order)
        async with self._unit_of_work() as uow:
            found = await uow.users.find(
                query.filter,
                query.order,
                limit=paging.limit + 1,
                skip=paging.skip,
                after=after,
                count=after is None,
            )
        return paging.page(found.users, found.total, is_exact=False, filter=query.filter, order=query.order)

    async def create(self, actor: Actor, command: RegisterUser, *, once: Once[User] | None = None) -> User:
        """Raises Forbidden, and what registering raises."""
        actor.require_administration()
        return await self._accounts.register(command, once=once)

    async def get(self, actor: Actor, user_id: UserId) -> User:
        """Raises UserNotFound."""
        actor.require_sight_of(user_id)
        return await self._accounts.profile(user_id)

    async def edit(
        self,
        actor: Actor,
        user_id: UserId,
        *,
        versions: frozenset[int] | None = None,
        **changes: Unpack[UserChanges],
    ) -> User:
        """Raises UserNotFound, Forbidden, and what editing raises."""
        async with self._refusing(user_id):
            actor.require_edit_of(user_id, changes)
        return await self._accounts.edit(user_id, versions=versions, **changes)

    async def delete(self, actor: Actor, user_id: UserId, *, versions: frozenset[int] | None = None) -> None:
        """Raises UserNotFound, Forbidden, PreconditionFailed, LastAdmin."""
        async with self._refusing(user_id):
            actor.require_removal_of(user_id)
        await self._accounts.remove(user_id, versions=versions)

    @asynccontextmanager
    async def _refusing(self, user_id: UserId) -> AsyncIterator[None]:
        """Who is not there is not found, rather than forbidden."""
        try:
            yield
        except Forbidden:
            await self._accounts.profile(user_id)
            raise
