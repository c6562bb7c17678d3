from dataclasses import fields
from typing import Final, Protocol

from application.platform.events import Event
from domain.errors import NotFound
from domain.identity.user import UserId

ID_VERSION: Final = 7
"""The version of the UUIDs that this service creates."""


class AuditLog(Protocol):
    """The log of security events. It never contains a password, a token or a cookie.

    The adapter writes log lines; one that sends events to a security monitoring system would be another one.
    """

    def record(self, event: str, **details: object) -> None:
        """Record one event. Event names are stable: alerts and log searches depend on them."""
        ...

    def warn(self, event: str, **details: object) -> None:
        """Record one event that may be part of an attack."""
        ...


class AuditRecorder:
    """Record events of committed transactions in the audit log."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def handle(self, event: Event) -> None:
        """Record an event under its name, with its fields as details."""
        record = self._audit.warn if event.is_suspicious else self._audit.record
        record(event.name, **{field.name: getattr(event, field.name) for field in fields(event)})


class ProbeRecorder:
    """Record requests for ids that the caller does not own: they may be probes for data of other users.

    No storage finds an id without its owner, so the record includes ids that no longer exist.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def record(self, user_id: UserId, error: NotFound) -> None:
        """Record the ids that a user asked for in vain, without those that this service cannot have created."""
        if ids := [str(id) for id in error.ids if id.version == ID_VERSION]:
            self._audit.warn("unknown_id_requested", user_id=user_id, error=error.code, ids=" ".join(ids))
