from collections.abc import Mapping

import structlog


class StructlogAuditLog:
    """Write each security event as one log line. Events that may be part of an attack have the level WARNING."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("audit")

    def record(self, event: str, **details: object) -> None:
        self._log.info(event, **_texts(details))

    def warn(self, event: str, **details: object) -> None:
        self._log.warning(event, **_texts(details))


def _texts(details: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in details.items() if value is not None}
