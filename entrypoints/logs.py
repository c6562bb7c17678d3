"""Logging: structlog for events of the service, and the standard library's loggers through the same format."""

import logging
import sys
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from domain.text import escape_unprintable
from entrypoints.log_file import LogFile
from entrypoints.setting_types import SettingsError
from entrypoints.settings import LogFormat, LogSettings
from entrypoints.streams import LogStream, escape_unencodable, has_colours


def configure(settings: LogSettings, *, is_service: bool = True) -> None:
    """Log one line per event to LOG_FILE or to a standard stream, as JSON or as text, which has colours on a terminal.

    Records that libraries log through the standard library get the same format.

    Args:
        settings: The format, the level and the file.
        is_service: Whether the log is the output of this process. Other processes write their result to standard
            output and the log to standard error, by default only warnings.

    Raises:
        SettingsError: LOG_FILE cannot be written.
    """
    stream = sys.stdout if is_service else sys.stderr
    level = settings.log_level if is_service or "log_level" in settings.model_fields_set else "WARNING"
    is_json = (settings.log_format or _default_format(settings)) is LogFormat.JSON
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        *([] if is_json else [_escape]),
    ]
    renderer: Any = structlog.processors.JSONRenderer()
    if not is_json:
        renderer = structlog.dev.ConsoleRenderer(colors=not settings.log_file and has_colours(stream))
    escape_unencodable(stream)
    output: Any = LogStream(stream)
    if settings.log_file:
        output = LogFile(
            Path(settings.log_file),
            max_bytes=settings.log_file_bytes,
            count=settings.log_file_count,
            fallback=output,
        )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def configure_despite_errors() -> None:
    """Configure logging by its own settings although others are wrong.

    If these are wrong too, log JSON, or text on a terminal.
    """
    try:
        configure(LogSettings())
    except (ValidationError, SettingsError):
        format = LogFormat.CONSOLE if sys.stdout.isatty() else LogFormat.JSON
        configure(LogSettings.model_construct(log_format=format))


def is_json() -> bool:
    """Return whether `configure` chose JSON."""
    return isinstance(structlog.get_config()["processors"][-1], structlog.processors.JSONRenderer)


def _default_format(settings: LogSettings) -> LogFormat:
    return LogFormat.CONSOLE if settings.is_development else LogFormat.JSON


def _escape(logger: object, method: str, event: Any) -> Any:
    """Escape strings: no value may start a new line or colour the terminal. JSON does so itself.

    Only a traceback has several lines. They are indented, so that none looks like an event.
    """
    traceback = event.pop("exception", None)
    escaped = {name: escape_unprintable(value) if isinstance(value, str) else value for name, value in event.items()}
    if traceback:
        escaped["exception"] = "\n".join(f"  {escape_unprintable(line)}" for line in traceback.splitlines())
    return escaped
