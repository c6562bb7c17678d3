import os
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.exits import ExitCode
from entrypoints.cli.setup import build_container, verify_file_store, wait_for

if TYPE_CHECKING:
    from entrypoints.wiring.container import Container


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [HOST]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on. [PORT]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Number of processes. [WORKERS]")] = None,
    reload: Annotated[bool, typer.Option(help="Restart when the code changes.")] = False,
) -> None:
    """Serve the REST API. The database must be migrated."""
    from rich.console import Console

    from entrypoints.cli.banner import startup_banner
    from entrypoints.cli.errors import refuse_start
    from entrypoints.server import run as server
    from entrypoints.server.sockets import CannotListen

    for name, value in (("HOST", host), ("PORT", port)):
        if value is not None:
            os.environ[name] = str(value)  # also for the worker processes: links in mails contain both by default
    container = build_container(is_service=True)
    settings = container.settings()
    _ = settings.signing_keys  # refuse a wrong key here, once, instead of in each worker process
    wait_for(_prepare(container))

    def announce(port: int) -> None:
        Console(stderr=True, soft_wrap=True).print(startup_banner(settings, settings.host, port))

    try:
        server.run(
            settings.host,
            settings.port,
            root_path=settings.root_path,
            workers=workers or settings.workers,
            reload=reload,
            announce=announce,
        )
    except CannotListen as error:
        refuse_start(str(error), ExitCode.UNAVAILABLE)


async def _prepare(container: "Container") -> None:
    await _prepare_schema(container)
    storage = container.storage()
    async with AsyncExitStack() as stack:
        if isinstance(storage, AbstractAsyncContextManager) and not storage.is_process_local:
            await stack.enter_async_context(storage)
        await verify_file_store(container)


async def _prepare_schema(container: "Container") -> None:
    """Migrate if the settings say so. Check the revision here, once, instead of in each worker process."""
    migrator = container.storage().migrator
    if migrator is None:
        return
    if container.settings().migrate_on_start:
        await migrator.upgrade()
    await migrator.require_served()
