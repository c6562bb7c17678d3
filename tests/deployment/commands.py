from collections.abc import Sequence

from typer.main import get_command

from entrypoints.cli.app import app


def parse_command(arguments: Sequence[str]) -> None:
    """Parse the arguments of `task-manager` without running the command.

    Raises:
        KeyError: There is no such command.
        UsageError: There is no such option or value.
    """
    command, rest = get_command(app), list(arguments)
    while rest and (subcommands := getattr(command, "commands", None)):
        command = subcommands[rest.pop(0)]
    command.make_context("task-manager", rest)
