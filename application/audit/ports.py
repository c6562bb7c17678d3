from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from application.platform.paging import Position, Slice, Window
from application.platform.unit_of_work import UnitOfWork
from domain.audit.audit_event import AuditEvent
from domain.audit.audit_query import AuditFilter
from domain.identity.user import UserId


class AuditEventRepository(Protocol):
    """Security events. They refer to users who may not exist any more.

    Use cases call `UnitOfWork.add_event` instead of `add`: its commit adds them.
    """

    async def add(self, *events: AuditEvent) -> None:
        """Store new events."""
        ...

    async def find(self, filter: AuditFilter, window: Window) -> Slice[AuditEvent]:
        """Return the events that `filter.match` accepts, sorted by `LatestFirst`."""
        ...

    async def erase_addresses(self, user_id: UserId, *, limit: int, after: Position | None = None) -> Position | None:
        """Erase up to `limit` addresses of clients that may be the user; see `AuditEvent.is_address_erased_with`.

        Start after the position that the previous call returned. Return the next one, or None if nothing remains.
        """
        ...

    async def remove_old(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` events that happened before a time. Return the number deleted."""
        ...


class AuditUnitOfWork(UnitOfWork, Protocol):
    """The repository that the audit use cases need."""

    @property
    def audit_events(self) -> AuditEventRepository:
        """Security events."""
        ...


class AuditLog(Protocol):
    """The log of security events. It never contains a password, a token or a cookie.

    Each event is recorded, whatever the level of other logs is. Names are stable: alerts and log searches depend on
    them. The adapters write log lines; one that sends events to a security monitoring system would be another one.
    """

    def record(self, event: AuditEvent) -> None:
        """Record one event, with the values that `values_of` returns."""
        ...


def values_of(event: AuditEvent) -> Mapping[str, object]:
    """Return the values of an event by name, as JSON has them: those that are known, besides time, level and name."""
    values = {
        "source": event.source and event.source.value,
        "correlation_id": event.correlation_id and str(event.correlation_id),
        "request_id": event.request_id,
        "ip_address": event.ip_address,
        "user_id": event.user_id and str(event.user_id),
        "actor_id": event.actor_id and str(event.actor_id),
        **event.details,
    }
    return {name: value for name, value in values.items() if value is not None}
