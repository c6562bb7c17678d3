from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.exits import exit_with_error
from entrypoints.cli.setup import build_container, wait_for
from entrypoints.cli.terminal.progress import stepping

if TYPE_CHECKING:
    from application.storage import Migrator


def migrate(
    to: Annotated[
        str | None, typer.Option(metavar="REVISION", help="Upgrade or downgrade to this revision, not to the newest.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a downgrade.")] = False,
) -> None:
    """Migrate the database to the newest revision. Several machines may run this at the same time.

    A downgrade deletes what the newer revisions store.
    """
    migrator = build_container().storage().migrator
    if migrator is None:
        exit_with_error("this STORAGE has no schema to migrate")
    if dry_run:
        wait_for(_preview(migrator, to or migrator.head))
    elif to is None:
        wait_for(_upgrade(migrator))
    else:
        wait_for(_migrate_to(migrator, to, is_confirmed=yes))


async def _preview(migrator: "Migrator", revision: str) -> None:
    typer.echo(await migrator.preview(revision), nl=False)


async def _upgrade(migrator: "Migrator") -> None:
    with stepping("migrating the database"):
        await migrator.upgrade()
    await _report(migrator)


async def _migrate_to(migrator: "Migrator", revision: str, *, is_confirmed: bool) -> None:
    undone = await migrator.undone_by(revision)
    if undone and not is_confirmed:
        typer.confirm(f"Delete what {', '.join(undone)} stored?", abort=True, err=True)
    with stepping(f"migrating the database to {revision}"):
        await migrator.migrate_to(revision)
    await _report(migrator)


async def _report(migrator: "Migrator") -> None:
    if current := await migrator.current():
        typer.echo(f"database at revision {current.id}")
