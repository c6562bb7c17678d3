import logging
import sys
from typing import Any, Final

import structlog

from entrypoints.settings import LogFormat, Settings

_UNPRINTABLE: Final = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))}


def configure(settings: Settings) -> None:
    """One line an event, on standard output: JSON for machines, or readable for people. What libraries log
    through the standard library comes along."""
    is_json = (settings.log_format or _default(settings)) is LogFormat.JSON
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        *([] if is_json else [_printable]),
    ]
    renderer: Any = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _default(settings: Settings) -> LogFormat:
    return LogFormat.CONSOLE if settings.is_development else LogFormat.JSON


def _printable(logger: object, method: str, event: Any) -> Any:
    """No value begins a line of its own, or colours the terminal; JSON escapes by itself."""
    return {name: value.translate(_UNPRINTABLE) if isinstance(value, str) else value for name, value in event.items()}
