"""The command `task-manager`."""

import json
from typing import Annotated

import typer
from rich.console import Console

from entrypoints.cli import backup, jobs, migrate, seed, users
from entrypoints.cli.banner import startup_banner
from entrypoints.cli.setup import build_container, run
from entrypoints.private_files import keep_files_private
from entrypoints.wiring.container import Container

app = typer.Typer(no_args_is_help=True, help="Tasks for many users, over REST.", pretty_exceptions_enable=False)
app.add_typer(users.app, name="users")
app.add_typer(jobs.app, name="jobs")
app.command()(migrate.migrate)
app.command()(jobs.worker)
app.command()(seed.seed)
app.command()(backup.backup)
app.command()(backup.restore)


def main() -> None:
    """Run the command of this process."""
    keep_files_private()
    app()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [HOST]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on. [PORT]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Number of processes. [WORKERS]")] = None,
    reload: Annotated[bool, typer.Option(help="Restart when the code changes.")] = False,
) -> None:
    """Serve the REST API. The database must be migrated."""
    from entrypoints.server import run as server  # imports uvicorn, which other commands do not need

    container = build_container()
    settings = container.settings()
    run(_prepare_schema(container))
    host, port = host or settings.host, settings.port if port is None else port
    Console(stderr=True, soft_wrap=True).print(startup_banner(settings, host, port))
    server.run(host, port, workers=workers or settings.workers, reload=reload)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from entrypoints.http.app import create_app  # imports all routes, which other commands do not need

    typer.echo(json.dumps(create_app(build_container()).openapi(), indent=2))


async def _prepare_schema(container: Container) -> None:
    """Migrate if the settings say so. Check the revision here, once, instead of in each worker process."""
    migrator = container.storage().migrator
    if migrator is None:
        return
    if container.settings().migrate_on_start:
        await migrator.upgrade()
    await migrator.require_served()
