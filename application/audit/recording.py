"""One list of events feeds the rows and the audit log. `describe` makes the record that both contain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from enum import Enum
from typing import Any, Final
from uuid import UUID

from application.audit.origin import current_origin
from application.audit.ports import AuditLog
from application.platform.clock import Clock
from application.platform.events import Event, EventDispatcher, RecordedEvent
from application.platform.ids import NewId
from application.platform.retry import retried
from application.platform.unit_of_work import StorageUnavailable, UnitOfWork
from domain.audit.audit_event import AuditEvent, AuditEventId

NAMED: Final = ("actor_id", "user_id", "ip_address")
"""Details of events that audit events have as fields of their own."""


class AuditEventFactory:
    """Make the audit events of all features."""

    def __init__(self, clock: Clock, new_id: NewId) -> None:
        self._clock = clock
        self._new_id = new_id

    def describe(self, event: Event) -> AuditEvent:
        """Return the record of an event, with the origin of the use case. Details of the event win over the origin."""
        details = {field.name: getattr(event, field.name) for field in fields(event)}
        actor_id, user_id, address = (details.pop(name, None) for name in NAMED)
        origin = current_origin()
        known = asdict(origin) if origin else {}
        return AuditEvent(
            id=AuditEventId(self._new_id()),
            at=self._clock.now(),
            name=event.name,
            is_suspicious=event.is_suspicious,
            actor_id=actor_id,
            user_id=user_id,
            details={name: _to_plain(value) for name, value in details.items() if value is not None},
            **known | ({"ip_address": address} if address else {}),
        )


class AuditLogWriter:
    """Write committed events to the audit log."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def handle(self, event: RecordedEvent) -> None:
        """Write the record of an event, if it has one."""
        if event.record is not None:
            self._audit.record(event.record)


class EventRecorder:
    """Record events that belong to no other transaction, for example refusals, in a short transaction of their own."""

    def __init__(self, unit_of_work: Callable[[], UnitOfWork], dispatcher: EventDispatcher) -> None:
        self._unit_of_work = unit_of_work
        self._dispatcher = dispatcher

    async def record(self, event: Event) -> None:
        """Store and log an event. If the storage fails, log it only: the caller gets the same response."""
        try:
            await self._store(event)
        except StorageUnavailable:
            await self.log(event)

    async def log(self, event: Event) -> None:
        """Log an event without storing it, because the storage cannot be used."""
        await self._dispatcher.dispatch(self._dispatcher.describe([event]))

    @retried
    async def _store(self, event: Event) -> None:
        async with self._unit_of_work() as uow:
            uow.add_event(event)
            await uow.commit()


def _to_plain(value: Any) -> Any:
    """Return a value as JSON has it: ids and addresses are strings."""
    match value:
        case Enum():
            return value.value
        case bool() | int() | str() | None:
            return value
        case UUID():
            return str(value)
        case Mapping():
            return {str(name): _to_plain(each) for name, each in value.items()}
        case Sequence():
            return [_to_plain(each) for each in value]
    raise TypeError(f"an event cannot contain {type(value)}")
