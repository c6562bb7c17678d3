from datetime import datetime

from adapters.memory.engine.transaction import Staged, WriteLock
from application.identity.ports import ResetToken
from domain.errors import UserNotFound
from domain.identity.user import User, UserId


class InMemoryResetTokenRepository:
    def __init__(self, tokens: Staged[UserId, ResetToken], users: Staged[UserId, User], lock: WriteLock) -> None:
        self._tokens = tokens
        self._users = users
        self._lock = lock

    async def put(self, token: ResetToken) -> None:
        await self._lock.acquire()
        if self._users.get(token.user_id) is None:
            raise UserNotFound
        self._tokens.put(token.user_id, token)

    async def find(self, user_id: UserId) -> ResetToken | None:
        await self._lock.acquire()
        return self._tokens.get(user_id)

    async def remove(self, user_id: UserId) -> None:
        await self._lock.acquire()
        self._tokens.drop(user_id)

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        await self._lock.acquire()
        expired = [token.user_id for token in self._tokens.values() if now >= token.expires_at][:limit]
        for user_id in expired:
            self._tokens.drop(user_id)
        return len(expired)
