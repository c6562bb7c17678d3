import logging
from typing import Final

import structlog

from application.audit.ports import values_of
from domain.audit.audit_event import AuditEvent

NAME: Final = "audit"


class StructlogAuditLog:
    """Write each security event as one line of the service's log, with `logger` audit, at every LOG_LEVEL.

    Events that may be part of an attack have the level WARNING.
    """

    def __init__(self) -> None:
        unfiltered = structlog.make_filtering_bound_logger(logging.NOTSET)
        self._log = structlog.wrap_logger(None, wrapper_class=unfiltered, logger_factory_args=())

    def record(self, event: AuditEvent) -> None:
        write = getattr(self._log, event.level)
        write(event.name, logger=NAME, **values_of(event))
