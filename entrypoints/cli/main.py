import asyncio
import json
from collections.abc import Coroutine
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from application.ports.storage import StorageUnavailable
from entrypoints.cli import server
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Tasks for many users, over REST.", pretty_exceptions_enable=False)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at. [HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen at. [PORT]")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. [WORKERS]")] = None,
    reload: Annotated[bool, typer.Option(help="Start anew when the code changes.")] = False,
) -> None:
    """Serve the REST interface, on a database that is at the newest revision."""
    container = _container()
    settings: Settings = container.settings()
    _run(_ready_schema(container))
    host, port = host or settings.host, settings.port if port is None else port
    typer.echo(f"Task Manager: try it at http://{host}:{port}/docs")
    server.run(host, port, workers=workers or settings.workers, reload=reload)


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision. Safe to run from several machines at once."""
    container = _container()
    _run(_migrate(container))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(create_app(_container()).openapi(), indent=2))


async def _ready_schema(container: Container) -> None:
    settings: Settings = container.settings()
    schema = container.schema()
    if schema is None:
        return
    if settings.migrate_on_start:
        await _migrate(container)
        return
    current = await schema.current()
    if current != schema.head:
        _refuse(
            f"the database is at revision {current or 'none'}, this program wants {schema.head}:\n"
            "run `task-manager migrate`, or set MIGRATE_ON_START=true"
        )


async def _migrate(container: Container) -> None:
    schema = container.schema()
    if schema is None:
        _refuse("this storage has no schema to migrate")
    await schema.upgrade()
    typer.echo(f"database at revision {schema.head}")


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except StorageUnavailable as error:
        _refuse(str(error))


def _container() -> Container:
    try:
        container = Container()
        container.settings()
    except ValidationError as error:
        _refuse("\n".join(_told(found) for found in error.errors()))
    return container


def _told(found: ErrorDetails) -> str:
    name = "".join(f"{part}: " for part in found["loc"]).upper()
    return f"{name}{found.get('ctx', {}).get('error', found['msg'])}"


def _refuse(why: str) -> NoReturn:
    typer.secho(why, err=True, fg=typer.colors.RED)
    raise typer.Exit(2)
