"""Compare the service with a minimal baseline, and one owner with few tasks with one with many."""

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import typer

from adapters.sql.schema.migrator import SqlSchema
from benchmarks import files, growth, servers
from benchmarks.contention import measure_contention
from benchmarks.equivalence import check_equivalence
from benchmarks.jobs import measure_jobs
from benchmarks.login_flood import LoginFlood, measure_login_flood
from benchmarks.owners import Owner, insert_tasks, register, seed, vacuum
from benchmarks.report import Memory, Report
from benchmarks.scenarios import Setup, scenarios
from benchmarks.throughput import run_scenario
from domain.identity.user import UserId
from tests.servers.postgres import PostgresServer

DATABASE: Final = "benchmark"
TASKS_OF_A_READER: Final = 500

SETTINGS: Final = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "1h"}
"""Settings that keep checkpoints out of the measured rounds."""

app = typer.Typer(pretty_exceptions_enable=False)


class Part(StrEnum):
    """The parts of the benchmark."""

    GET = "get"
    LIST = "list"
    CREATE = "create"
    LOGIN = "login"
    FLOOD = "flood"
    CONTENTION = "contention"
    JOBS = "jobs"
    FILES = "files"
    GROWTH = "growth"


@app.command()
def main(
    seconds: Annotated[float, typer.Option(min=0.2, help="Seconds of load per variant and round.")] = 2.0,
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds; the variants take turns.")] = 5,
    connections: Annotated[int, typer.Option(min=2, help="Number of busy keep-alive connections, one per owner.")] = 16,
    many: Annotated[int, typer.Option(min=2 * growth.FEW, help="Number of tasks of the large owner.")] = 1_000_000,
    jobs: Annotated[int, typer.Option(min=100, help="Number of jobs for the worker.")] = 3_000,
    only: Annotated[list[Part] | None, typer.Option(help="Run only this part; repeatable.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure the service and a minimal baseline on a temporary PostgreSQL server."""
    parts = only or list(Part)
    options = {"seconds": seconds, "rounds": rounds, "connections": connections, "many": many, "jobs": jobs}
    report = Report(datetime.now(UTC), {**options, "only": parts})
    with _generator() as generator, PostgresServer(fsync=True, settings=SETTINGS) as postgres, ExitStack() as stack:
        database_url = asyncio.run(_database(postgres))
        service = stack.enter_context(servers.service(database_url))
        memory = service.memory_mib()
        if {Part.GET, Part.LIST, Part.CREATE} & set(parts):
            baseline = stack.enter_context(servers.baseline(database_url))
            setup = _setup(database_url, service, baseline, connections)
            asyncio.run(check_equivalence(setup))
            for scenario in scenarios(setup):
                if scenario.name in parts:
                    _print_progress(scenario.name)
                    report.scenarios.append(run_scenario(scenario, generator, rounds=rounds, seconds=seconds))
        if Part.LOGIN in parts:
            _print_progress("login")
            known, unknown = register(service, "known"), Owner(UserId(UUID(int=0)), "unknown-user", "")
            report.login = growth.compare_refused_logins(service, known, unknown, generator, seconds=2 * seconds)
        if Part.FLOOD in parts:
            report.flood = _flood(service, database_url, generator, connections, rounds=rounds, seconds=seconds)
        if Part.CONTENTION in parts:
            _print_progress("contention")
            owner = register(service, "contended")
            report.contention = measure_contention(service, owner, generator, seconds=2 * seconds)
        if Part.JOBS in parts:
            _print_progress("jobs")
            report.jobs = measure_jobs(database_url, register(service, "welcome"), jobs)
        if Part.FILES in parts:
            _print_progress("files")
            owners = _owners(service, "holder", files.CONCURRENCY)
            report.files = files.measure_files(service, owners, generator, seconds=seconds)
        if Part.GROWTH in parts:
            report.growth = _growth(service, database_url, generator, many, seconds=seconds)
        report.memory = Memory(memory, service.memory_mib())
    report.load_after = os.getloadavg()
    path = report.save()
    if json:
        typer.echo(report.as_json())
    else:
        report.print()
    typer.echo(f"Written to {path}", err=True)


@contextmanager
def _generator() -> Iterator[Executor]:
    """Start load generators in their own processes. Two loads can run at once."""
    with ProcessPoolExecutor(max_workers=2, mp_context=multiprocessing.get_context("spawn")) as generator:
        yield generator


async def _database(postgres: PostgresServer) -> str:
    await postgres.create_database(DATABASE)
    url = postgres.url(DATABASE)
    await SqlSchema(url).upgrade()
    return url


def _growth(
    server: servers.Server, database_url: str, generator: Executor, many: int, *, seconds: float
) -> growth.Growth:
    owners = register(server, "owner-of-few"), register(server, "owner-of-many")
    _print_progress(f"growth to {many:,} tasks")
    for owner, amount in zip(owners, (growth.FEW, many), strict=True):
        seed(server, database_url, owner, amount, lambda progress: typer.echo(f"  {progress}", err=True))
    asyncio.run(vacuum(database_url))
    return growth.measure_growth(server, owners, many, generator, seconds=seconds)


def _flood(
    server: servers.Server, database_url: str, generator: Executor, connections: int, *, rounds: int, seconds: float
) -> LoginFlood:
    readers, visitor = _owners(server, "reader-during-logins", connections), register(server, "visitor")
    asyncio.run(insert_tasks(database_url, readers, TASKS_OF_A_READER))
    _print_progress("flood")
    return measure_login_flood(server, readers, visitor, generator, rounds=rounds, seconds=seconds)


def _setup(database_url: str, service: servers.Server, baseline: servers.Server, connections: int) -> Setup:
    readers, writers = (_owners(service, name, connections) for name in ("reader", "writer"))
    tasks = asyncio.run(insert_tasks(database_url, readers, TASKS_OF_A_READER))
    return Setup(database_url, service, baseline, readers, writers, tasks)


def _owners(server: servers.Server, name: str, amount: int) -> list[Owner]:
    return [register(server, f"{name}-{number}") for number in range(amount)]


def _print_progress(part: str) -> None:
    typer.echo(f"measuring {part} …", err=True)


if __name__ == "__main__":
    app()
