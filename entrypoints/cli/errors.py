"""Errors that commands report as one line each, without a traceback."""

import os
from typing import Any, Final, NoReturn

import structlog
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from typer.core import TyperGroup

from application.files.ports import FileStoreUnavailable, ForeignFileStore
from application.platform.unit_of_work import StorageUnavailable
from application.storage import BackupError, SchemaMismatch, UnknownRevision
from domain.errors import DomainError
from domain.text import escape_unprintable
from entrypoints import logs
from entrypoints.setting_types import SettingsError

EXPECTED: Final = (
    ValidationError,
    SettingsError,
    StorageUnavailable,
    SchemaMismatch,
    UnknownRevision,
    FileStoreUnavailable,
    ForeignFileStore,
    BackupError,
    DomainError,
    OSError,
)


SERVICES: Final = ("serve", "worker")
"""Commands whose output is a log."""


class ReportingGroup(TyperGroup):
    """Commands whose expected errors are reported as a line of standard error, with exit status 2.

    A service that logs JSON logs the error instead, so that every line of its output is JSON.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # typer exits without a message, like other programs in a pipe
            raise
        except EXPECTED as error:
            if ctx.invoked_subcommand in SERVICES and logs.is_json():
                structlog.get_logger("start").critical("start_refused", reason=describe(error))
                raise typer.Exit(2) from error
            exit_with_error(describe(error))


def describe(error: Exception) -> str:
    """Return the lines that explain an expected error to the operator."""
    match error:
        case ValidationError():
            return "\n".join(map(_describe_setting, error.errors()))
        case SchemaMismatch():
            return _describe_mismatch(error)
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


def exit_with_error(message: str, status: int = 2) -> NoReturn:
    """Print the message to standard error, line by line and escaped, and exit with this status."""
    for line in message.split("\n"):
        typer.secho(escape_unprintable(line), err=True, fg=typer.colors.RED)
    raise typer.Exit(status)


def _describe_setting(error: ErrorDetails) -> str:
    message = str(error.get("ctx", {}).get("error", error["msg"]))
    name, *path = map(str, error["loc"] or ("",))
    return ": ".join((name.upper(), *path, message)) if name else message
