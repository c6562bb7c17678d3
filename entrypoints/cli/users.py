from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from domain.identity.user import Role, UserId
from entrypoints.cli.exits import exit_with_error
from entrypoints.cli.setup import build_container, read_password, run_on

if TYPE_CHECKING:
    from entrypoints.wiring.services import Services

app = typer.Typer(no_args_is_help=True, help="Manage accounts.")


@app.command()
def create(
    username: Annotated[str, typer.Option(help="3 to 50 characters: A-Z a-z 0-9 _ -")],
    email: Annotated[str, typer.Option(help="E-mail address of the user.")],
    role: Annotated[Role, typer.Option(help="Rights of the user.")] = Role.USER,
) -> None:
    """Create an account, for example the first admin. Prompts for the password, or reads a line of standard input."""
    from application.identity.registration import CreateUser

    container = build_container()
    if container.storage().is_process_local:
        exit_with_error("STORAGE=memory loses the account when this command ends")
    command = CreateUser(username=username, email=email, password=read_password(), role=role)
    user = run_on(container, lambda services: services.bootstrap.create_user(command))
    typer.echo(f"{user.role} {user.username} has id {user.id}")


@app.command()
def erase(
    user_ids: Annotated[
        list[UUID], typer.Argument(metavar="USER_ID...", help="Ids of the accounts.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the deletion.")] = False,
) -> None:
    """Delete accounts with all their data. Ids without an account are reported and skipped."""
    container = build_container()
    if not yes:
        typer.confirm(f"Delete {len(user_ids)} accounts with all their data?", abort=True, err=True)
    run_on(container, lambda services: _erase(services, [UserId(user_id) for user_id in user_ids]))


async def _erase(services: "Services", user_ids: list[UserId]) -> None:
    from domain.errors import UserNotFound

    for user_id in user_ids:
        try:
            await services.bootstrap.erase_user(user_id)
            typer.echo(f"erased {user_id}")
        except UserNotFound:
            typer.echo(f"{user_id} has no account", err=True)
