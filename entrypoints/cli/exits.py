"""How commands end: exit codes, and errors as lines of standard error."""

from enum import IntEnum
from typing import NoReturn

import typer

from domain.text import escape_unprintable


class ExitCode(IntEnum):
    """Stable: scripts depend on them. 0 means success."""

    REFUSED = 1
    """A rule refuses the command, something does not exist, or the user did not confirm. Also a closed pipe."""
    USAGE = 2
    """The arguments, the settings, the schema of the database or a file are wrong."""
    UNAVAILABLE = 3
    """The database or the file store is unavailable, or the service does not start. The command may work later."""
    INTERRUPTED = 130
    """Ctrl+C, as shells report SIGINT: 128 + 2."""


def exit_with_error(message: str, status: ExitCode = ExitCode.USAGE) -> NoReturn:
    """Print the message to standard error, line by line and escaped, and exit with this status."""
    print_error(message)
    raise typer.Exit(status)


def print_error(message: str) -> None:
    """Print a message to standard error, escaped. It is red on a terminal that shows colours."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    for line in message.split("\n"):
        console.print(Text(escape_unprintable(line), "red"))
