"""The service against the least that the same answers cost, and against its own growth."""

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
from benchmarks.flood import Flood, flood
from benchmarks.jobs import jobs as do_jobs
from benchmarks.population import Owner, give, register, seed, tidy
from benchmarks.report import Memory, Report
from benchmarks.rounds import compete
from benchmarks.sameness import require_same
from benchmarks.scenarios import Stage, scenarios
from domain.identity.user import UserId
from tests.servers.postgres import PostgresServer

DATABASE: Final = "benchmark"
TASKS_OF_A_READER: Final = 500

SETTINGS: Final = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "1h"}
"""No checkpoint falls into a round."""


app = typer.Typer(pretty_exceptions_enable=False)


class Part(StrEnum):
    GET = "get"
    LIST = "list"
    CREATE = "create"
    LOGIN = "login"
    FLOOD = "flood"
    JOBS = "jobs"
    FILES = "files"
    GROWTH = "growth"


@app.command()
def main(
    seconds: Annotated[float, typer.Option(min=0.2, help="Of load, on each contender in each round.")] = 2.0,
    rounds: Annotated[int, typer.Option(min=1, help="In which the contenders take turns.")] = 5,
    connections: Annotated[int, typer.Option(min=2, help="Kept alive and always busy, each with an owner.")] = 16,
    many: Annotated[int, typer.Option(min=2 * growth.FEW, help="Tasks that one owner grows to.")] = 1_000_000,
    jobs: Annotated[int, typer.Option(min=100, help="That a worker does.")] = 3_000,
    only: Annotated[list[Part] | None, typer.Option(help="Leave out the rest; repeatable.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure the service on a PostgreSQL of its own, beside the least that the same answers cost."""
    parts = only or list(Part)
    options = {"seconds": seconds, "rounds": rounds, "connections": connections, "many": many, "jobs": jobs}
    report = Report(datetime.now(UTC), {**options, "only": parts})
    with _generator() as generator, PostgresServer(fsync=True, settings=SETTINGS) as postgres, ExitStack() as stack:
        database_url = asyncio.run(_database(postgres))
        ours = stack.enter_context(servers.ours(database_url))
        memory = ours.memory_mib()
        if {Part.GET, Part.LIST, Part.CREATE} & set(parts):
            floor = stack.enter_context(servers.floor(database_url))
            stage = _stage(database_url, ours, floor, connections)
            asyncio.run(require_same(stage))
            for scenario in scenarios(stage):
                if scenario.name in parts:
                    _tell(scenario.name)
                    report.outcomes.append(compete(scenario, generator, rounds=rounds, seconds=seconds))
        if Part.LOGIN in parts:
            _tell("login")
            known, unknown = register(ours, "known"), Owner(UserId(UUID(int=0)), "nobody-of-this-name", "")
            report.login = growth.login(ours, known, unknown, generator, seconds=2 * seconds)
        if Part.FLOOD in parts:
            report.flood = _flood(ours, database_url, generator, connections, rounds=rounds, seconds=seconds)
        if Part.JOBS in parts:
            _tell("jobs")
            report.jobs = do_jobs(database_url, register(ours, "welcome"), jobs)
        if Part.FILES in parts:
            _tell("files")
            owners = _owners(ours, "holder", files.AT_ONCE)
            report.files = files.files(ours, owners, generator, seconds=seconds)
        if Part.GROWTH in parts:
            report.growth = _growth(ours, database_url, generator, many, seconds=seconds)
        report.memory = Memory(memory, ours.memory_mib())
    report.load_after = os.getloadavg()
    path = report.save()
    if json:
        typer.echo(report.as_json())
    else:
        report.print()
    typer.echo(f"Written to {path}", err=True)


@contextmanager
def _generator() -> Iterator[Executor]:
    """A process that has nothing in common with this one, and another for two loads at once."""
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
    _tell(f"growth to {many:,} tasks")
    for owner, amount in zip(owners, (growth.FEW, many), strict=True):
        seed(server, database_url, owner, amount, lambda told: typer.echo(f"  {told}", err=True))
    asyncio.run(tidy(database_url))
    return growth.growth(server, owners, many, generator, seconds=seconds)


def _flood(
    server: servers.Server, database_url: str, generator: Executor, connections: int, *, rounds: int, seconds: float
) -> Flood:
    readers, visitor = _owners(server, "calm", connections), register(server, "visitor")
    asyncio.run(give(database_url, readers, TASKS_OF_A_READER))
    _tell("flood")
    return flood(server, readers, visitor, generator, rounds=rounds, seconds=seconds)


def _stage(database_url: str, ours: servers.Server, floor: servers.Server, connections: int) -> Stage:
    readers, writers = (_owners(ours, name, connections) for name in ("reader", "writer"))
    tasks = asyncio.run(give(database_url, readers, TASKS_OF_A_READER))
    return Stage(database_url, ours, floor, readers, writers, tasks)


def _owners(server: servers.Server, name: str, amount: int) -> list[Owner]:
    return [register(server, f"{name}-{number}") for number in range(amount)]


def _tell(what: str) -> None:
    typer.echo(f"measuring {what} …", err=True)


if __name__ == "__main__":
    app()
