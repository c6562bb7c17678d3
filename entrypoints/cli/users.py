from typing import Annotated

import typer

from application.identity.accounts import RegisterUser
from domain.errors import Conflict, InvalidValue
from domain.identity.user import Role, User
from entrypoints.cli.setup import asked_password, made_container, ready, refuse, run
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container

app = typer.Typer(no_args_is_help=True, help="Keep accounts.")


@app.command()
def create(
    username: Annotated[str, typer.Option(help="3 to 50 of A-Z a-z 0-9 _ -")],
    email: Annotated[str, typer.Option(help="Address of mails to the user.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.USER,
) -> None:
    """Create an account; the first admin is made this way. The password is asked for, or one line of standard input."""
    container = made_container()
    settings: Settings = container.settings()
    if settings.storage == "memory":
        refuse("an account made in memory is gone with this command")
    command = RegisterUser(username=username, email=email, password=asked_password(), role=role)
    run(_create(container, command))


async def _create(container: Container, command: RegisterUser) -> None:
    async with ready(container):
        try:
            user: User = await container.account_service().register(command)
        except (InvalidValue, Conflict) as error:
            refuse(str(error))
    typer.echo(f"{user.role} {user.username} has id {user.id}")
