"""Errors that commands report as one line each, without a traceback."""

import os
import sys
from typing import Final, NoReturn

import structlog
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from application.files.ports import FileStoreUnavailable, ForeignFileStore
from application.operations.health import reason_of
from application.platform.load import Overloaded
from application.platform.unit_of_work import StorageUnavailable
from application.storage import BackupError, SchemaMismatch, UnknownRevision
from domain.errors import DomainError
from entrypoints import logs
from entrypoints.cli.exits import ExitCode, exit_with_error
from entrypoints.setting_types import SettingsError
from entrypoints.settings import Settings

EXIT_CODES: Final[dict[type[Exception], ExitCode]] = {
    DomainError: ExitCode.REFUSED,
    ValidationError: ExitCode.USAGE,
    SettingsError: ExitCode.USAGE,
    SchemaMismatch: ExitCode.USAGE,
    UnknownRevision: ExitCode.USAGE,
    ForeignFileStore: ExitCode.USAGE,
    BackupError: ExitCode.USAGE,
    OSError: ExitCode.USAGE,
    StorageUnavailable: ExitCode.UNAVAILABLE,
    FileStoreUnavailable: ExitCode.UNAVAILABLE,
    Overloaded: ExitCode.UNAVAILABLE,
}
"""The exit code of each expected error. The nearest ancestor decides."""

SERVICES: Final = ("serve", "worker")
"""Commands whose output is a log."""


def report(error: Exception, command: str | None) -> None:
    """Report an expected error and exit. Return for another error, which is a defect.

    Raises:
        Exit: The error is expected.
    """
    status = next((EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES), None)
    if status is None:
        return
    if command in SERVICES:
        refuse_start(describe(error), status)
    exit_with_error(describe(error), status)


def describe(error: Exception) -> str:
    """Return the lines that explain an expected error to the operator."""
    match error:
        case ValidationError():
            return "\n".join(map(_describe_setting, error.errors()))
        case SchemaMismatch():
            return _describe_mismatch(error)
        case StorageUnavailable() | FileStoreUnavailable():
            return reason_of(error)
        case OSError(errno=int(), filename=str() | bytes() as name):
            return f"{os.fsdecode(name)}: {error.strerror}"
        case OSError(errno=int()):
            return str(error.strerror)
    return str(error) or type(error).__name__


def _describe_mismatch(error: SchemaMismatch) -> str:
    problem = f"the database of DATABASE_URL is at revision {error.revision or 'none'}, this program needs {error.head}"
    if error.is_known:
        return f"{problem}: run `task-manager migrate`, or set MIGRATE_ON_START=true"
    return (
        f"{problem} or a newer one that is compatible with it: "
        f"start the version that migrated the database, or run its `task-manager migrate --to {error.head}`"
    )


def refuse_start(message: str, status: ExitCode) -> NoReturn:
    """Exit with an error of a service, in the format of its log, or as text on a terminal."""
    if not structlog.is_configured():  # the settings themselves are wrong
        logs.configure_despite_errors()
    if not logs.is_json() or sys.stdout.isatty():
        exit_with_error(message, status)
    structlog.get_logger("start").critical("start_refused", reason=message.replace("\n", "; "))
    raise typer.Exit(status)


def _describe_setting(error: ErrorDetails) -> str:
    message = str(error.get("ctx", {}).get("error", error["msg"]))
    name, *path = map(str, error["loc"] or ("",))
    if error["type"] == "string_pattern_mismatch":
        message = f"must be {Settings.model_fields[name].description}"
    return ": ".join((name.upper(), *path, message)) if name else message
