import structlog


class StructlogAuditLog:
    """One line an event, beside the lines of requests."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("audit")

    def record(self, event: str, **details: object) -> None:
        self._log.info(event, **{name: str(value) for name, value in details.items() if value is not None})
