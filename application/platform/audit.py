from typing import Protocol


class AuditLog(Protocol):
    """The log of security events. It never contains a password, a token or a cookie."""

    def record(self, event: str, **details: object) -> None:
        """Record one event. Event names are stable: alerts and log searches depend on them."""
        ...
