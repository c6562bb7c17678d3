from datetime import datetime

from adapters.memory.engine.transaction import Staged, WriteLock
from domain.errors import UserNotFound
from domain.identity.reset_tokens import ResetTokens
from domain.identity.user import User, UserId


class InMemoryResetTokenRepository:
    def __init__(self, tokens: Staged[UserId, ResetTokens], users: Staged[UserId, User], lock: WriteLock) -> None:
        self._tokens = tokens
        self._users = users
        self._lock = lock

    async def put(self, tokens: ResetTokens) -> None:
        await self._lock.acquire()
        if self._users.get(tokens.user_id) is None:
            raise UserNotFound
        self._tokens.put(tokens.user_id, tokens)

    async def find(self, user_id: UserId) -> ResetTokens:
        await self._lock.acquire()
        return self._tokens.get(user_id) or ResetTokens(user_id)

    async def remove(self, user_id: UserId) -> None:
        await self._lock.acquire()
        self._tokens.drop(user_id)

    async def remove_outdated(self, now: datetime, *, limit: int) -> int:
        await self._lock.acquire()
        outdated = [tokens.user_id for tokens in self._tokens.values() if tokens.is_outdated(now)][:limit]
        for user_id in outdated:
            self._tokens.drop(user_id)
        return len(outdated)
