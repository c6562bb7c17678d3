from dataclasses import fields
from typing import Protocol

from application.platform.events import Event


class AuditLog(Protocol):
    """The log of security events. It never contains a password, a token or a cookie.

    The adapter writes log lines; one that sends events to a security monitoring system would be another one.
    """

    def record(self, event: str, **details: object) -> None:
        """Record one event. Event names are stable: alerts and log searches depend on them."""
        ...


class AuditRecorder:
    """Record events of committed transactions in the audit log."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def handle(self, event: Event) -> None:
        """Record an event under its name, with its fields as details."""
        self._audit.record(event.name, **{field.name: getattr(event, field.name) for field in fields(event)})
