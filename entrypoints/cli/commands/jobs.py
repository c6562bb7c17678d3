import signal
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from domain.text import escape_unprintable
from entrypoints.cli.exits import ExitCode, exit_with_error
from entrypoints.cli.setup import build_container, run, verify_file_store, wait_for
from entrypoints.cli.terminal.output import JsonOption, print_items, print_json

if TYPE_CHECKING:
    from entrypoints.wiring.container import Container

app = typer.Typer(invoke_without_command=True, help="Inspect and repair the job queue.")

SHOWN: Final = ("id", "kind", "died_at", "attempts", "last_error")
"""What is shown of a dead job. Its payload may contain personal data."""

JobIdArgument = Annotated[UUID | None, typer.Argument(help="Id of a dead job.", show_default=False)]
AllOption = Annotated[bool, typer.Option("--all", help="All dead jobs instead of one.")]
KindOption = Annotated[str | None, typer.Option("--kind", help="With --all: only jobs of this kind.")]


@app.callback()
def main(context: typer.Context, as_json: JsonOption = False) -> None:
    """Print the number of due, waiting and dead jobs, and of failures by kind."""
    if context.invoked_subcommand is None:
        _print_counts(as_json)


def _print_counts(as_json: bool) -> None:
    counts = run(lambda services: services.jobs.counts())
    oldest = round(counts.oldest_due.total_seconds())
    if as_json:
        numbers = {"due": counts.due, "waiting": counts.waiting, "dead": counts.dead}
        print_json({**numbers, "oldest_due_seconds": oldest, "failures": counts.failures})
        return
    typer.echo(f"due {counts.due}, waiting {counts.waiting}, dead {counts.dead}")
    if counts.due:
        typer.echo(f"the oldest due job waits for {oldest} s")
    for kind, failures in counts.failures.items():
        typer.echo(escape_unprintable(f"{kind}: {failures.retried} failed and are retried, {failures.dead} dead"))


@app.command("list")
def list_dead(
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of jobs.")] = 100, as_json: JsonOption = False
) -> None:
    """List dead jobs, which used up their attempts, the latest first."""
    dead = run(lambda services: services.jobs.find_dead(limit=limit))
    jobs = [{name: getattr(job, name) for name in SHOWN} for job in dead]
    if as_json:
        print_json({"items": jobs})
    else:
        print_items(jobs, SHOWN)


@app.command()
def requeue(job_id: JobIdArgument = None, all_jobs: AllOption = False, kind: KindOption = None) -> None:
    """Run a dead job again, or all."""
    _require_one(job_id, all_jobs, kind)
    if job_id is None:
        typer.echo(f"requeued {run(lambda services: services.jobs.requeue_all(kind))} jobs")
    else:
        from application.jobs.ports import JobId

        run(lambda services: services.jobs.requeue(JobId(job_id)))


@app.command()
def discard(job_id: JobIdArgument = None, all_jobs: AllOption = False, kind: KindOption = None) -> None:
    """Delete one dead job or all dead jobs."""
    _require_one(job_id, all_jobs, kind)
    if job_id is None:
        typer.echo(f"discarded {run(lambda services: services.jobs.discard_all(kind))} jobs")
    else:
        from application.jobs.ports import JobId

        run(lambda services: services.jobs.discard(JobId(job_id)))


def _require_one(job_id: UUID | None, all_jobs: bool, kind: str | None) -> None:
    if (job_id is None) != all_jobs:
        exit_with_error("give either the id of a dead job or --all")
    if kind is not None and not all_jobs:
        exit_with_error("--kind requires --all")


def worker() -> None:
    """Run jobs (mails, clean-up) in this process until SIGTERM or SIGINT. Any number of workers may run."""
    from entrypoints.cli.errors import refuse_start
    from entrypoints.server.sockets import CannotListen

    try:
        wait_for(_work(build_container(is_service=True)))
    except CannotListen as error:
        refuse_start(str(error), ExitCode.UNAVAILABLE)


async def _work(container: "Container") -> None:
    import asyncio

    from entrypoints.server.signals import call_before_shutdown, kill_after_grace_period
    from entrypoints.wiring.container import open_container

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    call_before_shutdown(kill_after_grace_period)
    async with open_container(container):
        await container.storage().check()
        await verify_file_store(container)
        typer.echo("Task Manager: running jobs", err=True)
        async with _monitoring(container):
            await container.services().job_worker.run(stop)


def _monitoring(container: "Container") -> AbstractAsyncContextManager[object]:
    settings = container.settings()
    if settings.worker_port is None:
        return nullcontext()
    from entrypoints.worker.monitoring import serve_monitoring  # a worker without a port needs no server

    return serve_monitoring(settings.host, settings.worker_port, container.metrics())
