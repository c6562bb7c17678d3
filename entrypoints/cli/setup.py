"""What all commands share: the container, error messages and password input."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from application.platform.unit_of_work import StorageUnavailable
from application.storage import SchemaMismatch, UnknownRevision
from domain.text import escape_unprintable
from entrypoints import logs
from entrypoints.wiring.container import Container


def build_container() -> Container:
    """Build the container and configure logging. Exit with an error for each wrong setting."""
    try:
        container = Container()
        logs.configure(container.settings())
        container.storage()
    except ValidationError as error:
        exit_with_error("\n".join(map(_format_error, error.errors())))
    except ValueError as error:
        exit_with_error(str(error))
    return container


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine. Exit with an error if the storage is unavailable or at another revision."""
    try:
        asyncio.run(work)
    except (StorageUnavailable, UnknownRevision) as error:
        exit_with_error(str(error))
    except SchemaMismatch as error:
        exit_with_error(_format_mismatch(error))


def read_password() -> str:
    """Prompt for a password twice on a terminal; otherwise read one line of standard input.

    A byte order mark and the end of the line, LF or CR LF, are not part of the password.
    """
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")


def exit_with_error(message: str) -> NoReturn:
    """Print the message to standard error, line by line and escaped, and exit with status 2."""
    for line in message.split("\n"):
        typer.secho(escape_unprintable(line), err=True, fg=typer.colors.RED)
    raise typer.Exit(2)


def _format_mismatch(error: SchemaMismatch) -> str:
    problem = f"the database of DATABASE_URL is at revision {error.revision or 'none'}, this program needs {error.head}"
    if error.is_known:
        return f"{problem}:\nrun `task-manager migrate`, or set MIGRATE_ON_START=true"
    return (
        f"{problem} or a newer one that is compatible with it:\n"
        f"start the version that migrated the database, or run its `task-manager migrate --to {error.head}`"
    )


def _format_error(error: ErrorDetails) -> str:
    message = str(error.get("ctx", {}).get("error", error["msg"]))
    name, *path = map(str, error["loc"] or ("",))
    return ": ".join((name.upper(), *path, message)) if name else message
