"""The root of all commands, which reports errors."""

import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from entrypoints.cli.exits import ExitCode, exit_with_error, print_error


class ReportingGroup(TyperGroup):
    """Commands whose expected errors are reported as one line of standard error. `ExitCode` lists the exit codes.

    A service that logs JSON logs the error instead, so that every line of its output is JSON.
    """

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        try:
            status = super().main(*args, **{**extra, "standalone_mode": False})
        except typer.TyperException as error:
            if message := _describe_usage(error):  # empty if the help was printed instead
                print_error(message)
            status = error.exit_code
        sys.exit(status or 0)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.TyperException, BrokenPipeError):  # typer ends the command
            raise
        except typer.Abort as abort:
            if isinstance(abort.__context__, KeyboardInterrupt):
                exit_with_error("interrupted", ExitCode.INTERRUPTED)
            exit_with_error("aborted", ExitCode.REFUSED)
        except KeyboardInterrupt:
            exit_with_error("interrupted", ExitCode.INTERRUPTED)
        except Exception as error:
            from entrypoints.cli.errors import report  # imports what the errors belong to

            report(error, ctx.invoked_subcommand)
            raise


def _describe_usage(error: typer.TyperException) -> str:
    message = error.format_message().strip()
    context = getattr(error, "ctx", None)
    return f"{message} See {context.command_path} --help" if message and context else message
