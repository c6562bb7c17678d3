import asyncio
from typing import Annotated

import typer

from application.identity.registration import CreateUser
from domain.identity.user import Role
from entrypoints.cli.errors import exit_with_error
from entrypoints.cli.setup import build_container, read_password, running_for_command
from entrypoints.wiring.container import Container, open_container

app = typer.Typer(no_args_is_help=True, help="Manage accounts.")


@app.command()
def create(
    username: Annotated[str, typer.Option(help="3 to 50 characters: A-Z a-z 0-9 _ -")],
    email: Annotated[str, typer.Option(help="E-mail address of the user.")],
    role: Annotated[Role, typer.Option(help="Rights of the user.")] = Role.USER,
) -> None:
    """Create an account, for example the first admin. Prompts for the password, or reads a line of standard input."""
    container = build_container()
    if container.storage().is_process_local:
        exit_with_error("STORAGE=memory loses the account when this command ends")
    command = CreateUser(username=username, email=email, password=read_password(), role=role)
    asyncio.run(_create(container, command))


async def _create(container: Container, command: CreateUser) -> None:
    async with open_container(container):
        with running_for_command(container):
            user = await container.services().bootstrap.create_user(command)
    typer.echo(f"{user.role} {user.username} has id {user.id}")
