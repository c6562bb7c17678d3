"""Events of transactions, and their effects: rows of the transaction, the audit log, the log, caches."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from domain.audit.audit_event import AuditEvent


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a transaction changed, or a refusal. Subclasses have the details as fields."""

    name: ClassVar[str]
    """The stable name in the audit log, or in the log."""
    is_audited: ClassVar[bool] = True
    """Whether it is a security event, which the transaction stores and the audit log records."""
    is_suspicious: ClassVar[bool] = False
    """Whether the event may be part of an attack."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event and its record, which the transaction stores. An event that is not audited has none."""

    event: Event
    record: AuditEvent | None


Describe = Callable[[Event], AuditEvent]
"""Makes the record of an event."""

Handler = Callable[[RecordedEvent], Awaitable[None]]
"""The effect of an event. A handler ignores the events that it does not know, and never raises an error."""

RecordEvent = Callable[[Event], Awaitable[None]]
"""Records an event that belongs to no other transaction, for example a refusal. It never raises an error."""


class EventDispatcher:
    """Make the records of events, and pass committed events to all handlers."""

    def __init__(self, describe: Describe, *handlers: Handler) -> None:
        self._describe = describe
        self._handlers: Final = handlers

    def describe(self, events: Sequence[Event]) -> list[RecordedEvent]:
        """Return the events with their records."""
        return [RecordedEvent(event, self._describe(event) if event.is_audited else None) for event in events]

    async def dispatch(self, events: Sequence[RecordedEvent]) -> None:
        """Call each handler with each event, in this order."""
        for event in events:
            for handle in self._handlers:
                await handle(event)
