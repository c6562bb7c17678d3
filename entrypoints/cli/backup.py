from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from application.files.ports import FileStoreUnavailable
from application.operations.backup import BackupService, Manifest, Tell
from application.operations.ports import BackupRefused
from entrypoints.cli.setup import made_container, refuse, run
from entrypoints.wiring.container import Container

Copying = Callable[[Path, Tell], Awaitable[Manifest]]


def backup(file: Annotated[Path, typer.Argument(help="To be made; nothing may be there.")]) -> None:
    """Copy the database and all files into one file, while the service runs. It appears when it is complete."""
    run(_backup(made_container(), file))


def restore(file: Annotated[Path, typer.Argument(help="Made by `backup`.")]) -> None:
    """Bring back what was backed up, into a place where nothing is: all of it, or nothing."""
    run(_restore(made_container(), file))


async def _backup(container: Container, file: Path) -> None:
    service: BackupService = container.backup_service()
    await _told(container, service.backup, file, "backed up")


async def _restore(container: Container, file: Path) -> None:
    service: BackupService = container.backup_service()
    await _told(container, service.restore, file, "restored")


async def _told(container: Container, copying: Copying, file: Path, done: str) -> None:
    console = Console(stderr=True)
    try:
        with console.status("…") as status:  # shown on terminals alone
            manifest = await copying(file, status.update)
    except (BackupRefused, FileStoreUnavailable) as error:
        refuse(str(error))
    finally:
        await container.file_store().close()
    typer.echo(f"{done}: {manifest.database} at revision {manifest.revision}, {manifest.made_at:%Y-%m-%d %H:%M} UTC")
