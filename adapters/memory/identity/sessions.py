from datetime import datetime

from adapters.memory.engine.transaction import Staged, WriteLock
from application.identity.ports import SessionState
from domain.errors import SessionNotFound, StaleSession, UserNotFound
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId


class InMemorySessionRepository:
    def __init__(self, sessions: Staged[SessionId, Session], users: Staged[UserId, User], lock: WriteLock) -> None:
        self._sessions = sessions
        self._users = users
        self._lock = lock

    async def add(self, session: Session) -> None:
        await self._lock.acquire()
        if self._users.get(session.user_id) is None:
            raise UserNotFound
        self._sessions.put(session.id, session)

    async def get(self, session_id: SessionId, *, user_id: UserId) -> Session:
        session = self._sessions.get(session_id)
        if session is None or session.user_id != user_id:
            raise SessionNotFound(ids=[session_id])
        return session

    async def find_by_user(self, user_id: UserId) -> list[Session]:
        own = (session for session in self._sessions.values() if session.user_id == user_id)
        return sorted(own, key=lambda session: session.id, reverse=True)

    async def state(self, session_id: SessionId, *, user_id: UserId) -> SessionState | None:
        session, user = self._sessions.get(session_id), self._users.get(user_id)
        if session is None or session.user_id != user_id or user is None or not user.is_active:
            return None
        return SessionState(Actor.of(user), session.expires_at)

    async def save(self, session: Session, *, replacing: Session) -> None:
        await self._lock.acquire()
        if await self.get(session.id, user_id=session.user_id) != replacing:
            raise StaleSession
        self._sessions.put(session.id, session)

    async def remove(self, session_id: SessionId, *, user_id: UserId) -> None:
        await self._lock.acquire()
        await self.get(session_id, user_id=user_id)
        self._sessions.drop(session_id)

    async def remove_all(self, user_id: UserId, *, keep: SessionId | None = None) -> None:
        await self._lock.acquire()
        for session in await self.find_by_user(user_id):
            if session.id != keep:
                self._sessions.drop(session.id)

    async def remove_oldest(self, user_id: UserId, *, keep: int) -> int:
        await self._lock.acquire()
        oldest = (await self.find_by_user(user_id))[keep:]
        for session in oldest:
            self._sessions.drop(session.id)
        return len(oldest)

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        await self._lock.acquire()
        expired = [session.id for session in self._sessions.values() if session.is_expired(now)][:limit]
        for session_id in expired:
            self._sessions.drop(session_id)
        return len(expired)
