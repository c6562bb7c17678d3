from typing import Protocol


class AuditLog(Protocol):
    """Security events, for people who look into what happened. Never a password, a token or a cookie."""

    def record(self, event: str, **details: object) -> None: ...
