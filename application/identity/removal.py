"""Rules for the removal of users and admins. Call these functions inside the unit of work of the change."""

from application.files.jobs import remove_all_bytes_job
from application.identity.events import UserErased
from application.identity.ports import IdentityUnitOfWork
from application.platform.ids import NewId
from application.platform.time_limit import BACKGROUND_SECONDS, limit_time
from domain.errors import LastAdmin
from domain.identity.user import User, UserId
from domain.versions import VersionMatch


async def remove_user(uow: IdentityUnitOfWork, user_id: UserId, versions: VersionMatch, new_id: NewId) -> User:
    """Delete the user with all their data. Return the user that was deleted.

    Raises:
        UserNotFound: There is no such user.
        PreconditionFailed: `versions` does not match the stored version.
        LastAdmin: The user is the last active admin.
    """
    user = await uow.users.get(user_id)
    versions.check(user.version)
    await require_another_admin(uow, user, None)
    with limit_time(BACKGROUND_SECONDS):  # a large account takes longer than a request may wait
        await uow.users.remove(user)
    await uow.jobs.add(remove_all_bytes_job(user_id, new_id))
    uow.add_event(UserErased(user_id))
    return user


async def require_another_admin(uow: IdentityUnitOfWork, before: User, after: User | None) -> None:
    """Check that a change leaves an active admin. `after` is None for a removal.

    Raises:
        LastAdmin: The change from `before` to `after` would remove the last active admin.
    """
    is_lost = before.is_active_admin and not (after and after.is_active_admin)
    if is_lost and await uow.users.count_active_admins() <= 1:
        raise LastAdmin
