import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.audit.audit_event import AuditEvent
from domain.calendar import is_microseconds, microseconds
from domain.errors import InvalidValue
from domain.identity.user import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Conditions on audit events. An event must meet all of them; None is no condition.

    Raises:
        InvalidValue: No event can have this name.
    """

    EVENT_NAME: ClassVar = "[a-z_]{1,50}"
    """A regular expression for the names of events."""

    user_id: UserId | None = None
    """The user who acts, or whom the event is about. The user need not exist."""
    event: str | None = None
    """The name of the event."""
    since: datetime | None = None
    """Inclusive."""
    until: datetime | None = None
    """Exclusive."""

    def __post_init__(self) -> None:
        if self.event is not None and not re.fullmatch(self.EVENT_NAME, self.event):
            raise InvalidValue("event", "invalid_event", "event must have 1 to 50 characters of a-z and _")

    @property
    def signature(self) -> dict[str, object]:
        """The conditions under stable names; cursors contain them, see `Signed`."""
        return {"user_id": self.user_id, "event": self.event, "since": self.since, "until": self.until}

    def match(self, event: AuditEvent) -> bool:
        """Return whether an event meets all conditions."""
        return (
            (self.user_id is None or self.user_id in (event.user_id, event.actor_id))
            and (self.event is None or event.name == self.event)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class LatestFirst:
    """Sort audit events by time, latest first, then by id in descending order."""

    descending: ClassVar = True

    @property
    def signature(self) -> dict[str, object]:
        """The sort order under stable names; cursors contain it, see `Signed`."""
        return {}

    def key(self, event: AuditEvent) -> int:
        """Return the time of an event in microseconds."""
        return microseconds(event.at)

    def validate_key(self, key: object) -> int:
        """Return a sort key that a client sent.

        Raises:
            ValueError: No event can have this sort key.
        """
        if not is_microseconds(key):
            raise ValueError("no event can have this sort key")
        return key
