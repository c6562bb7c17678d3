import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from entrypoints.cli.exits import exit_with_error
from entrypoints.cli.setup import build_container, record, wait_for
from entrypoints.cli.terminal.progress import stepping

if TYPE_CHECKING:
    from application.operations.backup import Manifest, ReportProgress
    from entrypoints.wiring.container import Container

NAME: Final = "task-manager-%Y-%m-%dT%H%M%SZ.zip"
NAMED: Final = re.compile(r"task-manager-\d{4}-\d\d-\d\dT\d{6}Z\.zip")
"""Names in the order of their times. `--keep` deletes no other files."""

FileArgument = Annotated[Path, typer.Argument(help="Archive that `backup` created.")]


def backup(
    target: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="File to create, or a folder for a file named by the time.")
    ],
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Verify the backup, then delete all but this number of backups in FOLDER."),
    ] = None,
) -> None:
    """Copy the database and all files into one archive, also while the service runs.

    The archive appears when it is complete.
    """
    if keep is not None and not target.is_dir():
        exit_with_error(f"--keep requires an existing folder, but {target} is none")
    container = build_container()
    file = target / f"{container.clock().now():{NAME}}" if target.is_dir() else target
    wait_for(_backup(container, file, keep))


def restore(file: FileArgument) -> None:
    """Restore an archive into an empty database and an empty file store: completely, or not at all."""
    wait_for(_restore(build_container(), file))


def verify(file: FileArgument) -> None:
    """Check that an archive is complete and undamaged, and that this version can restore it. Needs no database."""
    wait_for(_verify(build_container(), file))


async def _backup(container: "Container", file: Path, keep: int | None) -> None:
    from application.operations.events import BackedUp

    manifest = await _report(container.services().backups.backup, file, "backed up")
    await record(container, BackedUp(file.name, manifest.revision))
    if keep is not None:
        await _verify(container, file)
        _delete_old(file, keep)


async def _restore(container: "Container", file: Path) -> None:
    from application.operations.events import Restored

    manifest = await _report(container.services().backups.restore, file, "restored")
    await record(container, Restored(file.name, manifest.revision))


async def _verify(container: "Container", file: Path) -> None:
    await _report(container.services().backups.verify, file, "verified")


def _delete_old(newest: Path, keep: int) -> None:
    """Delete older backups beside the newest one, which always stays."""
    others = [path for path in newest.parent.iterdir() if NAMED.fullmatch(path.name) and path != newest]
    for path in sorted(others, reverse=True)[keep - 1 :]:
        path.unlink()
        typer.echo(f"deleted: {path}")


async def _report(
    operation: "Callable[[Path, ReportProgress], Awaitable[Manifest]]", file: Path, done: str
) -> "Manifest":
    with stepping("starting") as report_progress:
        manifest = await operation(file, report_progress)
    typer.echo(
        f"{done}: {manifest.database} at revision {manifest.revision}, {manifest.made_at:%Y-%m-%d %H:%M} UTC, {file}"
    )
    return manifest
