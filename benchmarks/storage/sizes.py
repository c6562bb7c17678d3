"""The bytes that a task and each change of it take on PostgreSQL and SQLite: `python -m benchmarks.storage.sizes`."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
from dependency_injector import providers

from adapters.demo.tasks import TAGS
from adapters.sql.engine.urls import dsn_of
from adapters.sql.schema.migrator import SqlSchema
from application.identity.registration import CreateUser
from application.tasks.tasks import CreateTask
from domain.identity.actor import Actor
from entrypoints.wiring.container import Container, open_container
from entrypoints.wiring.services import Services
from tests.entrypoints.given import make_settings
from tests.servers.postgres import PostgresServer

TASKS: Final = 5_000
USERS: Final = 10
SENTENCE: Final = "review the quarterly report with finance and send comments before friday to all of the members"
TABLES: Final = ("tasks", "task_changes", "task_tallies")

POSTGRES_SIZES: Final = """
    SELECT relname, pg_total_relation_size(oid) AS size FROM pg_class WHERE relname = ANY($1::text[])
"""
SQLITE_SIZES: Final = """
    SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master ON sqlite_master.name = dbstat.name GROUP BY tbl_name
"""

Sizes = dict[str, int]


async def report(url: str, measure: Callable[[], Awaitable[Sizes]]) -> None:
    """Create, edit and complete tasks. Print how much each of these steps adds to the tables."""
    await SqlSchema(url).upgrade()
    settings = make_settings(database_url=url, rate_limit_enabled=False, audit_log="/dev/null")
    container = Container(settings=providers.Object(settings))
    async with open_container(container):
        before = await measure()
        async for step in steps(container.services()):
            after = await measure()
            print(
                f"  {step:<9}", *(f"{name} {(after[name] - before[name]) / TASKS:5.0f} B" for name in TABLES), sep="  "
            )
            before = after


async def steps(services: Services) -> AsyncIterator[str]:
    """Execute each step for all tasks. Yield its name."""
    random, actors, tasks = Random(1), [], []
    for number in range(USERS):
        command = CreateUser(username=f"user{number}", email=f"user{number}@example.com", password="Correct-Horse-7")
        actors.append(Actor.of(await services.bootstrap.create_user(command)))
    for number in range(TASKS):
        title, description = text(random, 5), text(random, 12)
        new = CreateTask(title=title, description=description, tags=tuple(TAGS[: number % 3]))
        tasks.append((actor := actors[number % USERS], (await services.tasks.create(actor, new)).id))
    yield "create"
    for actor, task_id in tasks:
        await services.tasks.edit(actor, task_id, title=text(random, 5))
    yield "new title"
    for actor, task_id in tasks:
        await services.tasks.edit(actor, task_id, completed=True)
    yield "complete"


def text(random: Random, words: int) -> str:
    """Return a text of random words."""
    return " ".join(random.sample(SENTENCE.split(), words))


async def measure_postgres(url: str) -> Sizes:
    """Return the bytes of the tables with their indexes, after a VACUUM."""
    connection = await asyncpg.connect(dsn_of(url))
    try:
        await connection.execute("VACUUM ANALYZE")
        return {row["relname"]: row["size"] for row in await connection.fetch(POSTGRES_SIZES, TABLES)}
    finally:
        await connection.close()


async def measure_sqlite(path: Path) -> Sizes:
    """Return the bytes of the tables with their indexes."""
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute(SQLITE_SIZES).fetchall())


async def main() -> None:
    """Measure both databases."""
    print(f"bytes for each of {TASKS:,} tasks, with indexes")
    with PostgresServer() as server, TemporaryDirectory() as directory:
        print("PostgreSQL")
        await server.create_database("sizes")
        await report(server.url("sizes"), lambda: measure_postgres(server.url("sizes")))
        print("SQLite")
        path = Path(directory, "tasks.db")
        await report(f"sqlite+aiosqlite:///{path}", lambda: measure_sqlite(path))


if __name__ == "__main__":
    asyncio.run(main())
