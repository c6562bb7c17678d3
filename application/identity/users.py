from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Unpack

from application.identity.credentials import Credentials
from application.identity.events import RoleChanged, UserChanged
from application.identity.mails import email_changed_job
from application.identity.ports import IdentityUnitOfWork, SessionStateCache
from application.identity.registration import CreateUser, Registration
from application.identity.removal import remove_user, require_another_admin
from application.identity.revocation import confirm_earlier_revocation, revoke_reset_tokens
from application.platform.clock import Clock
from application.platform.idempotency import IdempotentWrite
from application.platform.ids import NewId
from application.platform.paging import Page, Paging
from application.platform.retry import read, retried
from domain.errors import Forbidden, InvalidValue, UserNotFound, WrongPassword
from domain.identity.actor import PRIVILEGED_FIELDS, Actor
from domain.identity.user import User, UserChanges, UserId
from domain.identity.user_query import UserFilter, UserOrder
from domain.versions import ANY_VERSION, VersionMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUsers:
    """Query: one page of the list of users."""

    filter: UserFilter = UserFilter()
    order: UserOrder = UserOrder()
    paging: Paging = Paging()


class UserService:
    """Read, edit and administer accounts, within the rights of the actor.

    A change or removal of a user takes effect on all workers before the method returns. So does a role, an active state
    or a removal that an earlier request stored, when nothing is left to do.
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

    @retried
    async def list(self, actor: Actor, query: ListUsers) -> Page[User]:
        """Return one page of all users.

        Raises:
            Forbidden: The actor may not list users.
            InvalidValue: The cursor is damaged or belongs to another list.
        """
        actor.require_may_list_users()
        return await find_users(self._unit_of_work, query)

    async def create(
        self, actor: Actor, command: CreateUser, *, idempotent_write: IdempotentWrite[User] | None = None
    ) -> User:
        """Create an account for another person.

        Raises:
            Forbidden: The actor is no admin. See `Registration.create` for other errors.
        """
        actor.require_admin()
        return await self._registration.create(
            command, idempotent_write, role=command.role, is_active=command.is_active, actor_id=actor.user_id
        )

    @retried
    async def get(self, actor: Actor, user_id: UserId) -> User:
        """Return a user.

        Raises:
            UserNotFound: There is no such user, or the actor may not see it.
        """
        actor.require_visible(user_id)
        async with self._unit_of_work() as uow:
            return await uow.users.get(user_id)

    async def edit(
        self,
        actor: Actor,
        user_id: UserId,
        *,
        current_password: str | None = None,
        address: str | None = None,
        versions: VersionMatch = ANY_VERSION,
        **changes: Unpack[UserChanges],
    ) -> User:
        """Edit a user. An edit that changes nothing stores nothing.

        A change of `is_active` ends all sessions and makes reset links invalid. Both are gone for good: an activation
        restores nothing, and removes what a service of the version before left at the deactivation.

        Args:
            actor: Who edits.
            user_id: The user to edit.
            current_password: The password of the actor, in plain text. Changing the own e-mail address requires it; for
                other changes it is ignored.
            address: The IP address of the client, if it is known.
            versions: The versions of the user that the caller wants to change.
            changes: The new values of the fields that change.

        Raises:
            UserNotFound: There is no such user, or the actor may not see it.
            Forbidden: The actor may see the user, but not make these changes.
            PreconditionFailed: `versions` does not match the stored version.
            EmailTaken: Another user has the new e-mail address.
            LastAdmin: The user is the last active admin, and the change would end that.
            InvalidValue: A field breaks its rule, or the password is missing.
            WrongPassword: This is not the actor's password, or the user was changed at the same time.
            RateLimited: Too many passwords for this account were wrong, or the own e-mail address changed too often.
        """
        verified = None
        if user_id == actor.user_id and "email" in changes:
            verified = await self._verify_password(actor, current_password, address, changes)
        return await self._edit(actor, user_id, verified, versions, changes)

    async def _verify_password(
        self, actor: Actor, password: str | None, address: str | None, changes: UserChanges
    ) -> User | None:
        """Return the actor's account if the password is needed and right, or None if it is not needed."""
        actor.require_may_edit(actor.user_id, changes)
        user: User = await read(self._unit_of_work, lambda uow: uow.users.get(actor.user_id))
        if not actor.must_confirm(user, user.edit(at=self._clock.now(), **changes)):
            return None
        if password is None:
            raise InvalidValue("current_password", "missing", "changing your e-mail address requires your password")
        return await self._credentials.confirm_email_change(actor, password, address)

    @retried
    async def _edit(
        self,
        actor: Actor,
        user_id: UserId,
        verified: User | None,
        versions: VersionMatch,
        changes: UserChanges,
    ) -> User:
        async with (
            confirm_earlier_revocation(self._session_states, UserNotFound),
            self._unit_of_work() as uow,
        ):
            async with _not_found_first(uow, user_id):
                actor.require_may_edit(user_id, changes)
            before = await uow.users.get(user_id)
            versions.check(before.version)
            after = before.edit(at=self._clock.now(), **changes)
            if actor.must_confirm(before, after) and before.password_hash != (verified and verified.password_hash):
                raise WrongPassword
            if after is not before:
                await save_edited(uow, before, after, changes, self._new_id, actor_id=actor.user_id)
                await uow.commit()
        if after is before and PRIVILEGED_FIELDS.intersection(changes):
            await self._session_states.wait_until_current()
        return after

    @retried
    async def delete(self, actor: Actor, user_id: UserId, *, versions: VersionMatch = ANY_VERSION) -> None:
        """Delete a user with all their data. See `remove_user` for other errors.

        Raises:
            UserNotFound: There is no such user, or the actor may not see it.
            Forbidden: The actor is no admin, or this is the actor's own account.
        """
        async with (
            confirm_earlier_revocation(self._session_states, UserNotFound),
            self._unit_of_work() as uow,
        ):
            async with _not_found_first(uow, user_id):
                actor.require_may_remove(user_id)
            await remove_user(uow, user_id, versions, self._new_id, actor_id=actor.user_id)
            await uow.commit()


async def find_users(unit_of_work: Callable[[], IdentityUnitOfWork], query: ListUsers) -> Page[User]:
    """Return one page of all users.

    Raises:
        InvalidValue: The cursor is damaged or belongs to another list.
    """
    paging = query.paging
    window = paging.window(query.filter, query.order)
    async with unit_of_work() as uow:
        found = await uow.users.find(query.filter, query.order, window)
    return paging.page(found.items, found.total, is_exact=False, filter=query.filter, order=query.order)


async def save_edited(
    uow: IdentityUnitOfWork,
    before: User,
    after: User,
    fields: Iterable[str],
    new_id: NewId,
    *,
    actor_id: UserId | None,
) -> None:
    """Save an edited user, and what follows from the edit: revoked sessions and tokens, a mail, and events.

    Raises:
        EmailTaken: Another user has the new e-mail address.
        LastAdmin: The user is the last active admin, and the edit would end that.
        StaleUser: `before` is not the stored version.
    """
    await require_another_admin(uow, before, after)
    await uow.users.save(after)
    if after.is_active is not before.is_active:
        await uow.sessions.remove_all(after.id)  # after `save`, which locks the user: no login can follow
        await uow.reset_tokens.remove(after.id)
    if after.email != before.email:
        await revoke_reset_tokens(uow, after.id)  # they were mailed to the old address
        await uow.jobs.add(email_changed_job(before, new_id))
    uow.add_event(UserChanged.of(before, after, fields, actor_id))
    if after.role is not before.role:
        uow.add_event(RoleChanged.of(before, after, actor_id))


@asynccontextmanager
async def _not_found_first(uow: IdentityUnitOfWork, user_id: UserId) -> AsyncIterator[None]:
    """Raise UserNotFound instead of Forbidden if there is no such user."""
    try:
        yield
    except Forbidden:
        await uow.users.get(user_id)
        raise
