import random
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.exits import ExitCode, exit_with_error
from entrypoints.cli.setup import build_container, read_password, running_for_command, wait_for
from entrypoints.cli.terminal.progress import counting

if TYPE_CHECKING:
    from domain.identity.user import User
    from entrypoints.wiring.container import Container


def seed(
    tasks: Annotated[int, typer.Option(min=1, max=100_000_000, help="Number of tasks.")],
    username: Annotated[str, typer.Option(help="Owner of the tasks; the account is created if it does not exist.")],
    email: Annotated[str | None, typer.Option(help="E-mail address of a new account. [USERNAME@example.com]")] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Random seed. The same seed creates the same tasks, and on one day none of them twice."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also run in production.")] = False,
) -> None:
    """Fill an account with realistic tasks of the past year, for demonstrations and benchmarks."""
    from entrypoints.settings import Environment

    container = build_container()
    if container.storage().is_process_local:
        exit_with_error("STORAGE=memory loses the tasks when this command ends")
    if container.settings().environment is Environment.PRODUCTION and not force:
        exit_with_error("ENVIRONMENT is production: demo tasks need --force")
    chosen = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    try:
        wait_for(_seed(container, username, email or f"{username}@example.com", tasks, chosen))
    except KeyboardInterrupt:
        exit_with_error(
            f"interrupted; --seed {chosen} adds the remaining tasks if repeated today", ExitCode.INTERRUPTED
        )


async def _seed(container: "Container", username: str, email: str, amount: int, seed: int) -> None:
    from entrypoints.wiring.container import open_container

    async with open_container(container):
        service = container.services().seeding
        owner = await service.find_owner(username) or await _register(container, username, email)
        with counting("tasks", amount) as report_progress:
            async for stored in service.seed(owner.id, amount, seed):
                report_progress(stored)
    typer.echo(f"{owner.username} has {amount} tasks of seed {seed}")


async def _register(container: "Container", username: str, email: str) -> "User":
    from application.identity.registration import RegisterUser

    password = read_password()
    with running_for_command(container):
        return await container.services().accounts.register(
            RegisterUser(username=username, email=email, password=password)
        )
