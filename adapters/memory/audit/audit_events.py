from datetime import datetime

from adapters.memory.engine.slices import slice_of
from adapters.memory.engine.transaction import Staged, WriteLock
from application.platform.paging import TOTAL_CAP, Position, Slice, Window
from domain.audit.audit_event import AuditEvent, AuditEventId
from domain.audit.audit_query import AuditFilter, LatestFirst
from domain.identity.user import UserId

ORDER = LatestFirst()


class InMemoryAuditEventRepository:
    def __init__(self, events: Staged[AuditEventId, AuditEvent], lock: WriteLock) -> None:
        self._events = events
        self._lock = lock

    async def add(self, *events: AuditEvent) -> None:
        await self._lock.acquire()
        for event in events:
            self._events.put(event.id, event)

    async def find(self, filter: AuditFilter, window: Window) -> Slice[AuditEvent]:
        matching = [event for event in self._events.values() if filter.match(event)]
        return slice_of(matching, ORDER, window, total=min(len(matching), TOTAL_CAP + 1))

    async def erase_addresses(self, user_id: UserId, *, limit: int, after: Position | None = None) -> Position | None:
        await self._lock.acquire()
        known = [event for event in self._events.values() if event.ip_address and event.is_address_erased_with(user_id)]
        batch = slice_of(known, ORDER, Window(limit=limit, after=after), total=0).items
        for event in batch:
            self._events.put(event.id, event.without_address())
        return Position(ORDER.key(batch[-1]), batch[-1].id) if len(batch) == limit else None

    async def remove_old(self, before: datetime, *, limit: int) -> int:
        await self._lock.acquire()
        old = [event.id for event in self._events.values() if event.at < before][:limit]
        for event_id in old:
            self._events.drop(event_id)
        return len(old)
