from dataclasses import dataclass, replace

from adapters.memory.engine.slices import slice_of
from adapters.memory.engine.transaction import RequireOpen, Rows, Staged, WriteLock
from adapters.memory.tasks.counters import drop_counters
from adapters.memory.tasks.tasks import TasksByOwner
from application.identity.ports import PurgePosition
from application.jobs.ports import Job, JobId
from application.platform.idempotency import IdempotencyRecord, RequestKey
from application.platform.paging import TOTAL_CAP, Slice, Window
from domain.errors import EmailTaken, StaleUser, UsernameTaken, UserNotFound
from domain.files.file import File, FileId
from domain.identity.reset_tokens import ResetTokens
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId, normalize_login
from domain.identity.user_query import UserFilter, UserOrder
from domain.tasks.counters import CounterKey
from domain.tasks.history import TaskChange
from domain.tasks.task import TaskId


class UniqueNames:
    """Unique indexes of usernames and e-mail addresses, with the uncommitted changes of one transaction."""

    def __init__(self, rows: Rows, require_open: RequireOpen) -> None:
        self._usernames = Staged(rows.usernames, require_open)
        self._emails = Staged(rows.emails, require_open)

    def find_owner(self, login: str) -> UserId | None:
        key = normalize_login(login)
        return self._usernames.get(key) or self._emails.get(key)

    def claim(self, user: User) -> None:
        """Claim username and e-mail address for a user.

        Raises:
            UsernameTaken: Another user has the username.
            EmailTaken: Another user has the e-mail address.
        """
        if self._usernames.get(normalize_login(user.username)) is not None:
            raise UsernameTaken
        self.claim_email(user)
        self._usernames.put(normalize_login(user.username), user.id)

    def claim_email(self, user: User) -> None:
        """Claim the e-mail address for a user.

        Raises:
            EmailTaken: Another user has it.
        """
        if self._emails.get(normalize_login(user.email)) is not None:
            raise EmailTaken
        self._emails.put(normalize_login(user.email), user.id)

    def release(self, user: User) -> None:
        self._usernames.drop(normalize_login(user.username))
        self.release_email(user)

    def release_email(self, user: User) -> None:
        self._emails.drop(normalize_login(user.email))

    def apply(self) -> None:
        self._usernames.apply()
        self._emails.apply()


@dataclass(frozen=True, slots=True)
class UserData:
    """Data that belongs to users and is deleted with them."""

    removed: Staged[UserId, User]
    """Removed users who still own something."""
    sessions: Staged[SessionId, Session]
    reset_tokens: Staged[UserId, ResetTokens]
    files: Staged[FileId, File]
    tasks: TasksByOwner
    counters: Staged[CounterKey, int]
    history: Staged[TaskId, tuple[TaskChange, ...]]
    idempotency: Staged[RequestKey, IdempotencyRecord]
    jobs: Staged[JobId, Job]

    def remove(self, user: User) -> None:
        self.removed.put(user.id, user)
        self.reset_tokens.drop(user.id)
        for session in list(self.sessions.values()):
            if session.user_id == user.id:
                self.sessions.drop(session.id)
        for record in list(self.idempotency.values()):
            if record.subject_id == user.id:
                self.idempotency.put(record.request, replace(record, payload=b"", subject_id=None))
        for job in list(self.jobs.values()):
            if job.requester_id == user.id:
                self.jobs.drop(job.id)

    def purge(self, user_id: UserId, limit: int) -> bool:
        records = [record.request for record in self.idempotency.values() if record.request.user_id == user_id]
        files = [file.id for file in self.files.values() if file.owner_id == user_id]
        tasks = sorted(task.id for task in self.tasks[user_id].values())
        for request in records[:limit]:
            self.idempotency.drop(request)
        for file_id in files[:limit]:
            self.files.drop(file_id)
        for task_id in tasks[:limit]:
            self.tasks[user_id].drop(task_id)
            self.history.drop(task_id)
        if max(len(records), len(files), len(tasks)) >= limit:
            return False
        drop_counters(self.counters, user_id)
        self.removed.drop(user_id)
        return True


class InMemoryUserRepository:
    def __init__(self, users: Staged[UserId, User], names: UniqueNames, data: UserData, lock: WriteLock) -> None:
        self._users = users
        self._names = names
        self._data = data
        self._lock = lock

    async def add(self, user: User) -> None:
        await self._lock.acquire()
        self._names.claim(user)
        self._users.put(user.id, user)

    async def get(self, user_id: UserId) -> User:
        user = self._users.get(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def lock(self, user_id: UserId) -> User:
        await self._lock.acquire()
        return await self.get(user_id)

    async def find_by_login(self, login: str) -> User | None:
        owner = self._names.find_owner(login)
        return None if owner is None else self._users.get(owner)

    async def find(
        self,
        filter: UserFilter,
        order: UserOrder,
        window: Window,
    ) -> Slice[User]:
        criteria = filter.to_criteria()
        matching = [user for user in self._users.values() if criteria.match(user)]
        return slice_of(matching, order, window, total=min(len(matching), TOTAL_CAP + 1))

    async def save(self, user: User) -> None:
        await self._lock.acquire()
        before = self._require(user, user.version - 1)
        if normalize_login(user.email) != normalize_login(before.email):
            self._names.claim_email(user)
            self._names.release_email(before)
        self._users.put(user.id, user)

    async def remove(self, user: User) -> None:
        await self._lock.acquire()
        self._names.release(self._require(user, user.version))
        self._users.drop(user.id)
        self._data.remove(user)

    async def purge(self, user_id: UserId, *, limit: int, after: PurgePosition = ()) -> PurgePosition | None:
        await self._lock.acquire()
        return None if self._data.removed.get(user_id) is None or self._data.purge(user_id, limit) else ()

    async def find_removed(self, *, limit: int) -> list[UserId]:
        return sorted(user.id for user in self._data.removed.values())[:limit]

    async def count_active_admins(self) -> int:
        await self._lock.acquire()
        return sum(user.is_active_admin for user in self._users.values())

    def _require(self, user: User, version: int) -> User:
        """Return the stored user, if it has this version."""
        stored = self._users.get(user.id)
        if stored is None:
            raise UserNotFound
        if stored.version != version:
            raise StaleUser
        return stored
