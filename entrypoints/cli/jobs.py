import asyncio
import signal
from typing import Annotated
from uuid import UUID

import typer

from application.jobs.ports import JobId
from domain.text import escape_unprintable
from entrypoints.cli.errors import exit_with_error
from entrypoints.cli.setup import build_container, verify_file_store
from entrypoints.server.signals import call_before_shutdown, kill_after_grace_period
from entrypoints.wiring.container import Container, open_container

app = typer.Typer(invoke_without_command=True, help="Inspect and repair the job queue.")


JobIdArgument = Annotated[UUID | None, typer.Argument(help="Id of a dead job.", show_default=False)]
AllOption = Annotated[bool, typer.Option("--all", help="All dead jobs instead of one.")]
KindOption = Annotated[str | None, typer.Option("--kind", help="With --all: only jobs of this kind.")]


@app.callback()
def main(context: typer.Context) -> None:
    """Print the number of due, waiting and dead jobs, and of failures by kind."""
    if context.invoked_subcommand is None:
        asyncio.run(_count(build_container()))


@app.command("list")
def list_dead(limit: Annotated[int, typer.Option(min=1, help="Maximum number of jobs.")] = 100) -> None:
    """List dead jobs, which used up their attempts, the latest first."""
    asyncio.run(_list(build_container(), limit))


@app.command()
def requeue(job_id: JobIdArgument = None, all_jobs: AllOption = False, kind: KindOption = None) -> None:
    """Run a dead job again, or all."""
    _require_one(job_id, all_jobs, kind)
    asyncio.run(_requeue(build_container(), job_id, kind))


@app.command()
def discard(job_id: JobIdArgument = None, all_jobs: AllOption = False, kind: KindOption = None) -> None:
    """Delete one dead job or all dead jobs."""
    _require_one(job_id, all_jobs, kind)
    asyncio.run(_discard(build_container(), job_id, kind))


def _require_one(job_id: UUID | None, all_jobs: bool, kind: str | None) -> None:
    if (job_id is None) != all_jobs:
        exit_with_error("give either the id of a dead job or --all")
    if kind is not None and not all_jobs:
        exit_with_error("--kind requires --all")


def worker() -> None:
    """Run jobs (mails, clean-up) in this process until SIGTERM or SIGINT. Any number of workers may run."""
    asyncio.run(_work(build_container()))


async def _work(container: Container) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    call_before_shutdown(kill_after_grace_period)
    async with open_container(container):
        await container.storage().check()
        await verify_file_store(container)
        typer.echo("Task Manager: running jobs", err=True)
        await container.services().job_worker.run(stop)


async def _count(container: Container) -> None:
    async with open_container(container):
        counts = await container.services().jobs.counts()
    typer.echo(f"due {counts.due}, waiting {counts.waiting}, dead {counts.dead}")
    if counts.due:
        typer.echo(f"the oldest due job waits for {counts.oldest_due.total_seconds():.0f} s")
    for kind, failures in counts.failures.items():
        typer.echo(escape_unprintable(f"{kind}: {failures.retried} failed and are retried, {failures.dead} dead"))


async def _list(container: Container, limit: int) -> None:
    async with open_container(container):
        dead = await container.services().jobs.find_dead(limit=limit)
    for job in dead:
        line = f"{job.id}  {job.died_at:%Y-%m-%d %H:%M:%SZ}  {job.kind}  {job.attempts} attempts  {job.last_error}"
        typer.echo(escape_unprintable(line))


async def _requeue(container: Container, job_id: UUID | None, kind: str | None) -> None:
    async with open_container(container):
        jobs = container.services().jobs
        if job_id is None:
            typer.echo(f"requeued {await jobs.requeue_all(kind)} jobs")
        else:
            await jobs.requeue(JobId(job_id))


async def _discard(container: Container, job_id: UUID | None, kind: str | None) -> None:
    async with open_container(container):
        jobs = container.services().jobs
        if job_id is None:
            typer.echo(f"discarded {await jobs.discard_all(kind)} jobs")
        else:
            await jobs.discard(JobId(job_id))
