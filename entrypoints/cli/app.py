"""The command `task-manager`: its subcommands and global options.

Modules of commands import settings, adapters and services when a command runs, so that help and completion are fast.
"""

import json
from typing import Annotated

import typer

from entrypoints.cli.commands import audit, backup, jobs, migrate, reports, seed, serve, tasks, users
from entrypoints.cli.group import ReportingGroup
from entrypoints.cli.setup import build_container

app = typer.Typer(
    cls=ReportingGroup,
    no_args_is_help=True,
    help="Tasks for many users, over REST.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(migrate.migrate)
app.command()(jobs.worker)
app.add_typer(tasks.app, name="tasks")
app.command()(reports.tags)
app.command()(reports.stats)
app.command()(reports.export)
app.add_typer(users.app, name="users")
app.add_typer(jobs.app, name="jobs")
app.command()(audit.audit)
app.command()(seed.seed)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(backup.verify)


def _print_version(is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version

        typer.echo(version("task-manager"))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Tasks for many users, over REST."""


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from entrypoints.http.app import create_app

    typer.echo(json.dumps(create_app(build_container()).openapi(), indent=2))
