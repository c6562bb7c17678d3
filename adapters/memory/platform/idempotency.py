from datetime import datetime

from adapters.memory.engine.transaction import Staged, WriteLock
from application.platform.idempotency import AlreadyExecuted, IdempotencyRecord, RequestKey
from domain.errors import UserNotFound
from domain.identity.user import User, UserId


class InMemoryIdempotencyRecords:
    """Stored responses in memory."""

    def __init__(
        self, records: Staged[RequestKey, IdempotencyRecord], users: Staged[UserId, User], lock: WriteLock
    ) -> None:
        self._records = records
        self._users = users
        self._lock = lock

    async def add(self, record: IdempotencyRecord, now: datetime) -> None:
        await self._lock.acquire()
        if (stored := await self.find(record.request, now)) is not None:
            raise AlreadyExecuted(stored)
        if self._users.get(record.request.user_id) is None:
            raise UserNotFound
        self._records.put(record.request, record)

    async def find(self, request: RequestKey, now: datetime) -> IdempotencyRecord | None:
        record = self._records.get(request)
        return None if record is None or now >= record.expires_at else record

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        await self._lock.acquire()
        expired = [record.request for record in self._records.values() if now >= record.expires_at][:limit]
        for request in expired:
            self._records.drop(request)
        return len(expired)
