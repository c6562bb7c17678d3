from dataclasses import dataclass

from adapters.memory.engine.transaction import Rows, Staged, WriteLock
from adapters.memory.tasks.tasks import TasksOf
from application.identity.ports import ResetToken, UserSlice
from application.platform.idempotency import IdempotencyRecord, RequestKey
from application.platform.paging import TOTAL_CAP, Position
from domain.errors import EmailTaken, StaleUser, UsernameTaken, UserNotFound
from domain.files.file import File, FileId
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId, name_key
from domain.identity.user_query import UserFilter, UserOrder
from domain.tasks.history import TaskChange
from domain.tasks.task import TaskId


class NamesOf:
    """Who has which name, seen through the changes of one transaction; each belongs to one user at most."""

    def __init__(self, rows: Rows) -> None:
        self._usernames = Staged(rows.usernames)
        self._emails = Staged(rows.emails)

    def owner(self, login: str) -> UserId | None:
        key = name_key(login)
        return self._usernames.get(key) or self._emails.get(key)

    def claim(self, user: User) -> None:
        """Raises UsernameTaken, EmailTaken."""
        if self._usernames.get(name_key(user.username)) is not None:
            raise UsernameTaken
        self.claim_email(user)
        self._usernames.put(name_key(user.username), user.id)

    def claim_email(self, user: User) -> None:
        """Raises EmailTaken."""
        if self._emails.get(name_key(user.email)) is not None:
            raise EmailTaken
        self._emails.put(name_key(user.email), user.id)

    def free(self, user: User) -> None:
        self._usernames.drop(name_key(user.username))
        self.free_email(user)

    def free_email(self, user: User) -> None:
        self._emails.drop(name_key(user.email))

    def apply(self) -> None:
        self._usernames.apply()
        self._emails.apply()


@dataclass(frozen=True, slots=True)
class OfUser:
    """What belongs to users, and goes with them."""

    sessions: Staged[SessionId, Session]
    reset_tokens: Staged[UserId, ResetToken]
    files: Staged[FileId, File]
    tasks: TasksOf
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
        for file in list(self.files.values()):
            if file.owner_id == user_id:
                self.files.drop(file.id)
        for task in list(self.tasks[user_id].values()):
            self.tasks[user_id].drop(task.id)
            self.history.drop(task.id)


class InMemoryUserRepository:
    def __init__(self, users: Staged[UserId, User], names: NamesOf, of_user: OfUser, lock: WriteLock) -> None:
        self._users = users
        self._names = names
        self._of_user = of_user
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
        owner = self._names.owner(login)
        return None if owner is None else self._users.get(owner)

    async def find(
        self,
        filter: UserFilter,
        order: UserOrder,
        *,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> UserSlice:
        matching = [user for user in self._users.values() if filter.match(user)]
        placed = sorted(((order.key(user), user.id, user) for user in matching), reverse=order.descending)
        if after is not None:
            edge = (after.key, after.id)
            placed = [p for p in placed if (p[:2] < edge if order.descending else p[:2] > edge)]
            skip = 0
        total = min(len(matching), TOTAL_CAP + 1) if count else None
        return UserSlice([user for _, _, user in placed[skip : skip + limit]], total)

    async def save(self, user: User) -> None:
        await self._lock.acquire()
        before = self._require(user, user.version - 1)
        if name_key(user.email) != name_key(before.email):
            self._names.claim_email(user)
            self._names.free_email(before)
        self._users.put(user.id, user)

    async def remove(self, user: User) -> None:
        await self._lock.acquire()
        self._names.free(self._require(user, user.version))
        self._users.drop(user.id)
        self._of_user.drop(user.id)

    async def count_active_admins(self) -> int:
        await self._lock.acquire()
        return sum(user.is_active_admin for user in self._users.values())

    def _require(self, user: User, version: int) -> User:
        """As it is stored."""
        stored = self._users.get(user.id)
        if stored is None:
            raise UserNotFound
        if stored.version != version:
            raise StaleUser
        return stored
