from dataclasses import dataclass, replace

from adapters.memory.engine.slices import slice_of
from adapters.memory.engine.transaction import RequireOpen, Rows, Staged, WriteLock
from adapters.memory.tasks.counters import drop_counters
from adapters.memory.tasks.tasks import TasksByOwner
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

    sessions: Staged[SessionId, Session]
    reset_tokens: Staged[UserId, ResetTokens]
    files: Staged[FileId, File]
    tasks: TasksByOwner
    counters: Staged[CounterKey, int]
    history: Staged[TaskId, tuple[TaskChange, ...]]
    idempotency: Staged[RequestKey, IdempotencyRecord]

    def drop(self, user_id: UserId) -> None:
        self.reset_tokens.drop(user_id)
        for session in list(self.sessions.values()):
            if session.user_id == user_id:
                self.sessions.drop(session.id)
        for record in list(self.idempotency.values()):
            if record.request.user_id == user_id:
                self.idempotency.drop(record.request)
            elif record.subject_id == user_id:
                self.idempotency.put(record.request, replace(record, payload=b"", subject_id=None))
        for file in list(self.files.values()):
            if file.owner_id == user_id:
                self.files.drop(file.id)
        drop_counters(self.counters, user_id)
        for task in list(self.tasks[user_id].values()):
            self.tasks[user_id].drop(task.id)
            self.history.drop(task.id)


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
        self._data.drop(user.id)

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
