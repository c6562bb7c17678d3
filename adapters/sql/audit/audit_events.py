from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert

from adapters.sql.audit.queries import (
    ERASE_ADDRESSES,
    ERASE_ADDRESSES_AFTER,
    EVENT_COLUMNS,
    Shape,
    parameters,
    position_values,
    start_of,
)
from adapters.sql.engine.dialects import delete_batch
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.schema.audit import audit_events
from application.platform.paging import Position, Slice, Window
from domain.audit.audit_event import AuditEvent, Source
from domain.audit.audit_query import AuditFilter
from domain.calendar import microseconds
from domain.identity.user import UserId

INSERT_EVENT: Final = insert(audit_events)
DELETE_OLD: Final = delete_batch(audit_events, audit_events.c.at < bindparam("before", type_=Instant))


class SqlAuditEventRepository:
    """Security events in the table `audit_events`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, *events: AuditEvent) -> None:
        await self._transaction.execute(INSERT_EVENT, *map(_to_row, events))

    async def find(self, filter: AuditFilter, window: Window) -> Slice[AuditEvent]:
        skip = 0 if window.after else window.skip
        filter, after = start_of(filter, window.after)
        shape = Shape.of(filter, after, is_counted=window.is_counted)
        rows = await self._transaction.fetch(shape, **parameters(filter, after, limit=window.limit, skip=skip))
        if not window.is_counted:
            return Slice([_from_row(row) for row in rows], None)
        return Slice([_from_row(row[1:]) for row in rows if row[1] is not None], rows[0][0])

    async def erase_addresses(self, user_id: UserId, *, limit: int, after: Position | None = None) -> Position | None:
        query, position = (ERASE_ADDRESSES, {}) if after is None else (ERASE_ADDRESSES_AFTER, position_values(after))
        rows = await self._transaction.fetch_writing(query, user_id=user_id, reach=limit, **position)
        if len(rows) < limit:
            return None
        at, id = min(map(tuple, rows))
        return Position(microseconds(at), id)

    async def remove_old(self, before: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_OLD, before=before, limit=limit))


def _to_row(event: AuditEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "event": event.name,
        "is_suspicious": event.is_suspicious,
        "actor_id": event.actor_id,
        "user_id": event.user_id,
        "source": event.source,
        "correlation_id": event.correlation_id,
        "request_id": event.request_id,
        "ip_address": event.ip_address,
        "details": event.details,
    }


def _from_row(row: Sequence[Any]) -> AuditEvent:
    values = dict(zip((column.name for column in EVENT_COLUMNS), row, strict=True))
    source = values.pop("source")
    return AuditEvent(name=values.pop("event"), source=source and Source(source), **values)
