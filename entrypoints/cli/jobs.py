import asyncio
import signal
from typing import Annotated
from uuid import UUID

import typer

from application.jobs.ports import Job, JobCounts, JobId, JobNotFound
from entrypoints.cli.setup import made_container, ready, refuse, run
from entrypoints.wiring.container import Container

app = typer.Typer(invoke_without_command=True, help="Look after jobs.")


@app.callback()
def main(context: typer.Context) -> None:
    """Tell how many there are."""
    if context.invoked_subcommand is None:
        run(_count(made_container()))


@app.command("list")
def list_dead(limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100) -> None:
    """Those that were given up, the latest first."""
    run(_list(made_container(), limit))


@app.command()
def requeue(job_id: Annotated[UUID, typer.Argument(help="Of a job that was given up.")]) -> None:
    """Have it tried again."""
    run(_requeue(made_container(), JobId(job_id)))


@app.command()
def discard(job_id: Annotated[UUID, typer.Argument(help="Of a job that was given up.")]) -> None:
    """Remove it for good."""
    run(_discard(made_container(), JobId(job_id)))


def worker() -> None:
    """Do jobs (mails, sweeps) until told to stop, apart from the service. As many as wanted may run."""
    container = made_container()
    run(_work(container))


async def _work(container: Container) -> None:
    stop = asyncio.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(told, stop.set)
    async with ready(container):
        typer.echo("Task Manager: doing jobs", err=True)
        await container.job_worker().run(stop)


async def _count(container: Container) -> None:
    async with ready(container):
        counts: JobCounts = await container.job_service().counts()
    typer.echo(f"due {counts.due}, waiting {counts.waiting}, dead {counts.dead}")


async def _list(container: Container, limit: int) -> None:
    async with ready(container):
        dead: list[Job] = await container.job_service().dead(limit=limit)
    for job in dead:
        typer.echo(f"{job.id}  {job.died_at:%Y-%m-%d %H:%M:%SZ}  {job.kind}  {job.attempts} attempts  {job.last_error}")


async def _requeue(container: Container, job_id: JobId) -> None:
    async with ready(container):
        try:
            await container.job_service().requeue(job_id)
        except JobNotFound as error:
            refuse(str(error))


async def _discard(container: Container, job_id: JobId) -> None:
    async with ready(container):
        try:
            await container.job_service().discard(job_id)
        except JobNotFound as error:
            refuse(str(error))
