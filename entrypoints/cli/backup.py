from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from application.backup import BackupService, Manifest, Tell
from application.ports.backup import BackupRefused
from entrypoints.cli.setup import made_container, refuse, run

Copying = Callable[[Path, Tell], Awaitable[Manifest]]


def backup(file: Annotated[Path, typer.Argument(help="To be made; nothing may be there.")]) -> None:
    """Copy the whole database into one file, while the service runs. It appears when it is complete."""
    service: BackupService = made_container().backup_service()
    run(_told(service.backup, file, "backed up"))


def restore(file: Annotated[Path, typer.Argument(help="Made by `backup`.")]) -> None:
    """Bring back what was backed up, into a database where nothing is: all of it, or nothing."""
    service: BackupService = made_container().backup_service()
    run(_told(service.restore, file, "restored"))


async def _told(copying: Copying, file: Path, done: str) -> None:
    console = Console(stderr=True)
    try:
        with console.status("…") as status:  # shown on terminals alone
            manifest = await copying(file, status.update)
    except BackupRefused as error:
        refuse(str(error))
    typer.echo(f"{done}: {manifest.database} at revision {manifest.revision}, {manifest.made_at:%Y-%m-%d %H:%M} UTC")
