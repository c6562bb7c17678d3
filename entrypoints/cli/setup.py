import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from application.platform.unit_of_work import StorageUnavailable
from entrypoints import logs
from entrypoints.wiring.container import Container, lifetime


def made_container() -> Container:
    """Ends the program, naming what is wrong, if the settings are."""
    try:
        container = Container()
        logs.configure(container.settings())
        container.storage()
    except ValidationError as error:
        refuse("\n".join(_told(found) for found in error.errors()))
    except ValueError as error:
        refuse(str(error))
    return container


def run(work: Coroutine[Any, Any, None]) -> None:
    """Ends the program if the storage can't be reached."""
    try:
        asyncio.run(work)
    except StorageUnavailable as error:
        refuse(str(error))


async def require_schema(container: Container) -> None:
    """Ends the program unless the database is at the revision that this program wants."""
    schema = container.schema()
    if schema is not None and (current := await schema.current()) != schema.head:
        refuse(
            f"the database of DATABASE_URL is at revision {current or 'none'}, this program wants {schema.head}:\n"
            "run `task-manager migrate`, or set MIGRATE_ON_START=true"
        )


@asynccontextmanager
async def ready(container: Container) -> AsyncIterator[None]:
    """Open, over a database that `require_schema` lets pass."""
    await require_schema(container)
    async with lifetime(container):
        yield


def asked_password() -> str:
    """Of whoever sits at the terminal, twice; or else one line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def refuse(why: str) -> NoReturn:
    typer.secho(why, err=True, fg=typer.colors.RED)
    raise typer.Exit(2)


def _told(found: ErrorDetails) -> str:
    why = str(found.get("ctx", {}).get("error", found["msg"]))
    name, *within = map(str, found["loc"] or ("",))
    return ": ".join((name.upper(), *within, why)) if name else why
