"""The accounts of the toy storage."""

from collections.abc import Awaitable
from copy import copy
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Protocol

from application.identity.ports import ResetToken, Standing, UserSlice
from application.jobs.ports import Job
from application.platform.idempotency import IdempotencyRecord
from application.platform.paging import TOTAL_CAP, Position
from domain.errors import EmailTaken, SessionNotFound, StaleSession, StaleUser, UsernameTaken, UserNotFound
from domain.files.file import File
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId, name_key
from domain.identity.user_query import UserFilter, UserOrder
from domain.tasks.history import TaskChange
from domain.tasks.task import Task


@dataclass
class Lists:
    users: list[User] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    reset_tokens: list[ResetToken] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    revisions: list[UserId] = field(default_factory=list)
    changes: list[TaskChange] = field(default_factory=list)
    records: list[IdempotencyRecord] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)

    def copy(self) -> "Lists":
        return Lists(*(copy(getattr(self, each.name)) for each in fields(self)))


class Access(Protocol):
    def read(self) -> Lists: ...

    def write(self) -> Awaitable[Lists]: ...


class ToyUsers:
    def __init__(self, uow: Access) -> None:
        self._uow = uow

    async def add(self, user: User) -> None:
        lists = await self._uow.write()
        if name_key(user.username) in [name_key(other.username) for other in lists.users]:
            raise UsernameTaken
        self._require_free(user, lists)
        lists.users.append(user)

    async def get(self, user_id: UserId) -> User:
        for user in self._uow.read().users:
            if user.id == user_id:
                return user
        raise UserNotFound

    async def lock(self, user_id: UserId) -> User:
        await self._uow.write()
        return await self.get(user_id)

    async def find_by_login(self, login: str) -> User | None:
        for user in self._uow.read().users:
            if name_key(login) in (name_key(user.username), name_key(user.email)):
                return user
        return None

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
        found = [user for user in self._uow.read().users if filter.match(user)]
        total = min(len(found), TOTAL_CAP + 1) if count else None
        found.sort(key=lambda user: (order.key(user), user.id), reverse=order.descending)
        if after is not None:
            place, skip = (after.key, after.id), 0
            places = [(order.key(user), user.id) for user in found]
            is_beyond = [here < place if order.descending else here > place for here in places]
            found = [user for user, is_there in zip(found, is_beyond, strict=True) if is_there]
        return UserSlice(found[skip : skip + limit], total)

    async def save(self, user: User) -> None:
        lists = await self._uow.write()
        await self._require(user.id, user.version - 1)
        self._require_free(user, lists)
        lists.users = [user if other.id == user.id else other for other in lists.users]

    async def remove(self, user: User) -> None:
        lists = await self._uow.write()
        await self._require(user.id, user.version)
        lists.users = [other for other in lists.users if other.id != user.id]
        lists.sessions = [session for session in lists.sessions if session.user_id != user.id]
        lists.reset_tokens = [token for token in lists.reset_tokens if token.user_id != user.id]
        lists.tasks = [task for task in lists.tasks if task.owner_id != user.id]
        lists.changes = [change for change in lists.changes if change.owner_id != user.id]
        lists.records = [record for record in lists.records if record.request.user_id != user.id]
        lists.files = [file for file in lists.files if file.owner_id != user.id]

    async def count_active_admins(self) -> int:
        return sum(user.is_active_admin for user in (await self._uow.write()).users)

    async def _require(self, user_id: UserId, version: int) -> None:
        if (await self.get(user_id)).version != version:
            raise StaleUser

    def _require_free(self, user: User, lists: Lists) -> None:
        others = [other for other in lists.users if other.id != user.id]
        if name_key(user.email) in [name_key(other.email) for other in others]:
            raise EmailTaken


class ToySessions:
    def __init__(self, uow: Access) -> None:
        self._uow = uow

    async def add(self, session: Session) -> None:
        lists = await self._uow.write()
        if session.user_id not in [user.id for user in lists.users]:
            raise UserNotFound
        lists.sessions.append(session)

    async def get(self, session_id: SessionId, *, user_id: UserId) -> Session:
        for session in await self.of_user(user_id):
            if session.id == session_id:
                return session
        raise SessionNotFound

    async def of_user(self, user_id: UserId) -> list[Session]:
        own = [session for session in self._uow.read().sessions if session.user_id == user_id]
        return sorted(own, key=lambda session: session.id, reverse=True)

    async def standing(self, session_id: SessionId, *, user_id: UserId) -> Standing | None:
        for session in await self.of_user(user_id):
            for user in self._uow.read().users:
                if session.id == session_id and user.id == user_id and user.is_active:
                    return Standing(Actor.of(user), session.expires_at)
        return None

    async def save(self, session: Session, *, replacing: Session) -> None:
        lists = await self._uow.write()
        if await self.get(session.id, user_id=session.user_id) != replacing:
            raise StaleSession
        lists.sessions = [session if other == replacing else other for other in lists.sessions]

    async def remove(self, session_id: SessionId, *, user_id: UserId) -> None:
        lists = await self._uow.write()
        lists.sessions.remove(await self.get(session_id, user_id=user_id))

    async def remove_all(self, user_id: UserId, *, keep: SessionId | None = None) -> None:
        lists = await self._uow.write()
        lists.sessions = [other for other in lists.sessions if other.user_id != user_id or other.id == keep]

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        lists = await self._uow.write()
        over = [session for session in lists.sessions if session.is_over(now)][:limit]
        lists.sessions = [session for session in lists.sessions if session not in over]
        return len(over)


class ToyResetTokens:
    def __init__(self, uow: Access) -> None:
        self._uow = uow

    async def put(self, token: ResetToken) -> None:
        lists = await self._uow.write()
        if token.user_id not in [user.id for user in lists.users]:
            raise UserNotFound
        await self.remove(token.user_id)
        lists.reset_tokens.append(token)

    async def find(self, user_id: UserId) -> ResetToken | None:
        tokens = (await self._uow.write()).reset_tokens
        return next((token for token in tokens if token.user_id == user_id), None)

    async def remove(self, user_id: UserId) -> None:
        lists = await self._uow.write()
        lists.reset_tokens = [token for token in lists.reset_tokens if token.user_id != user_id]

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        lists = await self._uow.write()
        over = [token for token in lists.reset_tokens if now >= token.expires_at][:limit]
        lists.reset_tokens = [token for token in lists.reset_tokens if token not in over]
        return len(over)
