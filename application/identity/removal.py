"""Removal of users: rules for the unit of work of the change, and the job that deletes what large accounts owned."""

from collections.abc import Callable
from typing import Final
from uuid import uuid5

from application.files.jobs import remove_all_bytes_job
from application.identity.events import UserErased
from application.identity.ports import IdentityUnitOfWork, PurgePosition
from application.jobs.ports import Job, JobId
from application.platform.ids import NewId
from application.platform.paging import Position
from application.platform.retry import retried
from domain.errors import LastAdmin
from domain.identity.user import User, UserId
from domain.versions import VersionMatch

PURGE_USER: Final = "purge_user"

PURGED_AT_ONCE = 5_000
"""Rows of each kind that the transaction of the removal deletes."""

BATCH_SIZE = 1_000
"""Rows of each kind that a transaction of the job deletes."""


async def remove_user(
    uow: IdentityUnitOfWork, user_id: UserId, versions: VersionMatch, new_id: NewId, *, actor_id: UserId | None
) -> User:
    """Delete the user with all their data. Return the user that was deleted.

    The account is gone with the transaction. Its security events remain, without the addresses of the user. If the
    user has more than PURGED_AT_ONCE rows of a kind, a job deletes or changes the rest; no use case returns what the
    user owned any more.

    Raises:
        UserNotFound: There is no such user.
        PreconditionFailed: `versions` does not match the stored version.
        LastAdmin: The user is the last active admin.
    """
    user = await uow.users.get(user_id)
    versions.check(user.version)
    await require_another_admin(uow, user, None)
    await uow.users.remove(user)
    has_addresses = await uow.audit_events.erase_addresses(user_id, limit=PURGED_AT_ONCE) is not None
    has_rows = await uow.users.purge(user_id, limit=PURGED_AT_ONCE) is not None
    if has_addresses or has_rows:
        await uow.jobs.add(purge_job(user_id))
    await uow.jobs.add(remove_all_bytes_job(user_id, new_id))
    uow.add_event(UserErased.of(user, actor_id))
    return user


def purge_job(user_id: UserId) -> Job:
    """Return the job that deletes what a removed user owned. Its id is always the same, so it is queued only once."""
    return Job(id=JobId(uuid5(user_id, PURGE_USER)), kind=PURGE_USER, owner_id=user_id)


async def require_another_admin(uow: IdentityUnitOfWork, before: User, after: User | None) -> None:
    """Check that a change leaves an active admin. `after` is None for a removal.

    Raises:
        LastAdmin: The change from `before` to `after` would remove the last active admin.
    """
    is_lost = before.is_active_admin and not (after and after.is_active_admin)
    if is_lost and await uow.users.count_active_admins() <= 1:
        raise LastAdmin


class RemovalJobs:
    """Run the jobs PURGE_USER, which delete what removed users owned."""

    def __init__(self, unit_of_work: Callable[[], IdentityUnitOfWork]) -> None:
        self._unit_of_work = unit_of_work

    async def purge(self, job: Job) -> None:
        """Erase the addresses of the owner, a removed user, and delete what the user owned, in short transactions.

        After a failure or a kill, the job continues with what remains.
        """
        user_id = job.owner_id
        assert user_id is not None
        addresses = await self._erase_addresses(user_id, None)
        while addresses is not None:
            addresses = await self._erase_addresses(user_id, addresses)
        position: PurgePosition | None = ()
        while position is not None:
            position = await self._purge_batch(user_id, position)

    @retried
    async def _erase_addresses(self, user_id: UserId, after: Position | None) -> Position | None:
        async with self._unit_of_work() as uow:
            position = await uow.audit_events.erase_addresses(user_id, limit=BATCH_SIZE, after=after)
            await uow.commit()
        return position

    @retried
    async def _purge_batch(self, user_id: UserId, after: PurgePosition) -> PurgePosition | None:
        async with self._unit_of_work() as uow:
            position = await uow.users.purge(user_id, limit=BATCH_SIZE, after=after)
            await uow.commit()
        return position
