import json
from typing import Annotated

import typer
from rich.console import Console

from entrypoints.cli import backup, jobs, seed, users
from entrypoints.cli.greeting import greeting
from entrypoints.cli.setup import made_container, refuse, require_schema, run
from entrypoints.http.app import create_app
from entrypoints.server import run as server
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container

app = typer.Typer(no_args_is_help=True, help="Tasks for many users, over REST.", pretty_exceptions_enable=False)
app.add_typer(users.app, name="users")
app.add_typer(jobs.app, name="jobs")
app.command()(jobs.worker)
app.command()(seed.seed)
app.command()(backup.backup)
app.command()(backup.restore)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at. [HOST]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen at. [PORT]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes. [WORKERS]")] = None,
    reload: Annotated[bool, typer.Option(help="Start anew when the code changes.")] = False,
) -> None:
    """Serve the REST interface, on a database that is at the newest revision."""
    container = made_container()
    settings: Settings = container.settings()
    run(_ready_schema(container))
    host, port = host or settings.host, settings.port if port is None else port
    Console(stderr=True, soft_wrap=True).print(greeting(settings, host, port))
    server.run(host, port, workers=workers or settings.workers, reload=reload)


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision. Safe to run from several machines at once."""
    container = made_container()
    run(_migrate(container))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(create_app(made_container()).openapi(), indent=2))


async def _ready_schema(container: Container) -> None:
    settings: Settings = container.settings()
    if settings.migrate_on_start and container.schema() is not None:
        await _migrate(container)
    await require_schema(container)


async def _migrate(container: Container) -> None:
    schema = container.schema()
    if schema is None:
        refuse("this storage has no schema to migrate")
    await schema.upgrade()
    typer.echo(f"database at revision {schema.head}")
