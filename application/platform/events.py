"""Events of committed transactions, and their effects: the audit log, caches."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a transaction changed. Subclasses have the details as fields."""

    name: ClassVar[str]
    """The stable name in the audit log."""
    is_suspicious: ClassVar[bool] = False
    """Whether the event may be part of an attack."""


Handler = Callable[[Event], Awaitable[None]]
"""The effect of an event. A handler ignores the events that it does not know, and never raises an error."""


class EventDispatcher:
    """Pass events to all handlers."""

    def __init__(self, *handlers: Handler) -> None:
        self._handlers: Final = handlers

    async def dispatch(self, events: Sequence[Event]) -> None:
        """Call each handler with each event, in this order."""
        for event in events:
            for handle in self._handlers:
                await handle(event)


async def discard(events: Sequence[Event]) -> None:
    """Do nothing with the events."""


Dispatch = Callable[[Sequence[Event]], Awaitable[None]]
