"""The answers that the toy storage keeps."""

from datetime import datetime

from application.platform.idempotency import AlreadyAnswered, IdempotencyRecord, RequestKey
from domain.errors import UserNotFound
from tests.entrypoints.wiring.toy_accounts import Access


class ToyIdempotency:
    def __init__(self, uow: Access) -> None:
        self._uow = uow

    async def add(self, record: IdempotencyRecord, now: datetime) -> None:
        lists = await self._uow.write()
        if found := await self.find(record.request, now):
            raise AlreadyAnswered(found)
        if record.request.user_id not in [user.id for user in lists.users]:
            raise UserNotFound
        lists.records = [other for other in lists.records if other.request != record.request] + [record]

    async def find(self, request: RequestKey, now: datetime) -> IdempotencyRecord | None:
        records = [record for record in self._uow.read().records if record.request == request]
        return next((record for record in records if now < record.expires_at), None)

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        lists = await self._uow.write()
        over = [record for record in lists.records if now >= record.expires_at][:limit]
        lists.records = [record for record in lists.records if record not in over]
        return len(over)
