import random
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from application.identity.accounts import RegisterUser
from application.tasks.seeding import SeedingService
from domain.errors import Conflict, InvalidValue
from domain.identity.user import User
from entrypoints.cli.setup import asked_password, made_container, ready, refuse, run
from entrypoints.settings import Environment, Settings
from entrypoints.wiring.container import Container

INTERRUPTED = 130
"""As a shell tells of SIGINT."""


def seed(
    tasks: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many.")],
    username: Annotated[str, typer.Option(help="Whose; an account that is not there is created.")],
    email: Annotated[str | None, typer.Option(help="Of an account to create. [USERNAME@example.com]")] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="The same one makes the same tasks, and none twice on one day; chosen by chance if left out."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="In production, too.")] = False,
) -> None:
    """Fill an account with plausible tasks of the past year, for demonstrations and benchmarks."""
    container = made_container()
    settings: Settings = container.settings()
    if settings.storage == "memory":
        refuse("what is seeded into memory is gone with this command")
    if settings.environment is Environment.PRODUCTION and not force:
        refuse("this is production, where tasks are people's own: --force seeds nevertheless")
    chosen = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    try:
        run(_seed(container, username, email or f"{username}@example.com", tasks, chosen))
    except KeyboardInterrupt:
        typer.secho(f"interrupted; --seed {chosen} stores the rest today", err=True, fg=typer.colors.YELLOW)
        raise typer.Exit(INTERRUPTED) from None


async def _seed(container: Container, username: str, email: str, amount: int, seed: int) -> None:
    async with ready(container):
        service: SeedingService = container.seeding_service()
        owner = await service.owner(username) or await _created(container, username, email)
        with _progress() as progress:
            bar = progress.add_task("tasks", total=amount)
            async for stored in service.seed(owner.id, amount, seed):
                progress.update(bar, completed=stored)
    typer.echo(f"{owner.username} has {amount} tasks of seed {seed}")


async def _created(container: Container, username: str, email: str) -> User:
    password = asked_password()
    try:
        user: User = await container.account_service().register(
            RegisterUser(username=username, email=email, password=password)
        )
    except (InvalidValue, Conflict) as error:
        refuse(str(error))
    return user


def _progress() -> Progress:
    """For people: a file or a pipe gets none."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
