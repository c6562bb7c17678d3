import structlog


class StructlogAuditLog:
    """Write each security event as one log line."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("audit")

    def record(self, event: str, **details: object) -> None:
        self._log.info(event, **{name: str(value) for name, value in details.items() if value is not None})
