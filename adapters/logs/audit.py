import logging
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import structlog

from application.platform.audit import with_origin

NAME: Final = "audit"


class StructlogAuditLog:
    """Write each security event as one line of the service's log, with `logger` audit, at every LOG_LEVEL.

    Events that may be part of an attack have the level WARNING.
    """

    def __init__(self) -> None:
        unfiltered = structlog.make_filtering_bound_logger(logging.NOTSET)
        self._log = structlog.wrap_logger(None, wrapper_class=unfiltered, logger_factory_args=())

    def record(self, event: str, **details: object) -> None:
        self._log.info(event, logger=NAME, **to_plain(with_origin(details)))

    def warn(self, event: str, **details: object) -> None:
        self._log.warning(event, logger=NAME, **to_plain(with_origin(details)))


def to_plain(value: Any) -> Any:
    """Return a value as JSON has it: ids and addresses are strings."""
    match value:
        case Enum():
            return value.value
        case bool() | int() | str() | None:
            return value
        case Mapping():
            return {str(name): to_plain(each) for name, each in value.items()}
        case Sequence():
            return [to_plain(each) for each in value]
    return str(value)
