import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from application.operations.backup import Manifest, ReportProgress
from entrypoints.cli.setup import build_container
from entrypoints.wiring.container import Container

Operation = Callable[[Path, ReportProgress], Awaitable[Manifest]]


def backup(file: Annotated[Path, typer.Argument(help="File to create; it must not exist.")]) -> None:
    """Copy the database and all files into one archive, also while the service runs.

    The archive appears when it is complete.
    """
    asyncio.run(_backup(build_container(), file))


def restore(file: Annotated[Path, typer.Argument(help="Archive that `backup` created.")]) -> None:
    """Restore an archive into an empty database and an empty file store: completely, or not at all."""
    asyncio.run(_restore(build_container(), file))


async def _backup(container: Container, file: Path) -> None:
    await _report(container.services().backups.backup, file, "backed up")


async def _restore(container: Container, file: Path) -> None:
    await _report(container.services().backups.restore, file, "restored")


async def _report(operation: Operation, file: Path, done: str) -> None:
    console = Console(stderr=True)
    with console.status("…") as status:  # rich shows it only on a terminal
        manifest = await operation(file, status.update)
    typer.echo(f"{done}: {manifest.database} at revision {manifest.revision}, {manifest.made_at:%Y-%m-%d %H:%M} UTC")
