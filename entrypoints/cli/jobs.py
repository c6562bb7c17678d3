import asyncio
import signal
from typing import Annotated
from uuid import UUID

import typer

from application.jobs.ports import JobId
from domain.text import escape_unprintable
from entrypoints.cli.setup import build_container, verify_file_store
from entrypoints.wiring.container import Container, open_container

app = typer.Typer(invoke_without_command=True, help="Inspect and repair the job queue.")


@app.callback()
def main(context: typer.Context) -> None:
    """Print the number of due, waiting and dead jobs."""
    if context.invoked_subcommand is None:
        asyncio.run(_count(build_container()))


@app.command("list")
def list_dead(limit: Annotated[int, typer.Option(min=1, help="Maximum number of jobs.")] = 100) -> None:
    """List dead jobs, which used up their attempts, the latest first."""
    asyncio.run(_list(build_container(), limit))


@app.command()
def requeue(job_id: Annotated[UUID, typer.Argument(help="Id of a dead job.")]) -> None:
    """Run a dead job again."""
    asyncio.run(_requeue(build_container(), JobId(job_id)))


@app.command()
def discard(job_id: Annotated[UUID, typer.Argument(help="Id of a dead job.")]) -> None:
    """Delete a dead job."""
    asyncio.run(_discard(build_container(), JobId(job_id)))


def worker() -> None:
    """Run jobs (mails, clean-up) in this process until SIGTERM or SIGINT. Any number of workers may run."""
    asyncio.run(_work(build_container()))


async def _work(container: Container) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_container(container):
        await container.storage().check()
        await verify_file_store(container)
        typer.echo("Task Manager: running jobs", err=True)
        await container.services().job_worker.run(stop)


async def _count(container: Container) -> None:
    async with open_container(container):
        counts = await container.services().jobs.counts()
    typer.echo(f"due {counts.due}, waiting {counts.waiting}, dead {counts.dead}")


async def _list(container: Container, limit: int) -> None:
    async with open_container(container):
        dead = await container.services().jobs.find_dead(limit=limit)
    for job in dead:
        line = f"{job.id}  {job.died_at:%Y-%m-%d %H:%M:%SZ}  {job.kind}  {job.attempts} attempts  {job.last_error}"
        typer.echo(escape_unprintable(line))


async def _requeue(container: Container, job_id: JobId) -> None:
    async with open_container(container):
        await container.services().jobs.requeue(job_id)


async def _discard(container: Container, job_id: JobId) -> None:
    async with open_container(container):
        await container.services().jobs.discard(job_id)
