"""Owners and their many tasks: asked of the service and of `task-manager seed`, or written straight into the tables."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg
import psutil

from adapters.demo.tasks import demo_task
from adapters.sql.schema.tasks import task_tallies, tasks
from adapters.sql.tasks.counters import REVISION, Tally, tallied
from adapters.sql.tasks.rows import task_to_row
from benchmarks.servers import Server, seeder
from domain.identity.user import UserId
from domain.tasks.task import TaskId

PASSWORD: Final = "Correct-Horse-7"
TELLING_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Owner:
    id: UserId
    name: str
    token: str


def register(server: Server, name: str) -> Owner:
    account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    status, user = server.ask("POST", "/api/v1/auth/register", body=account)
    assert status == 201, user
    status, login = server.ask("POST", "/api/v1/auth/login", body={"username": name, "password": PASSWORD})
    assert status == 200, login
    return Owner(UserId(UUID(user["id"])), name, login["access_token"])


def seed(server: Server, database_url: str, owner: Owner, amount: int, tell: Callable[[str], None]) -> None:
    """By the command; how far it has come is told now and then."""
    started = time.monotonic()
    with seeder(database_url, owner.name, amount) as program:
        ending = False
        while not ending:
            with suppress(psutil.TimeoutExpired):
                program.process.wait(TELLING_SECONDS)
                ending = True
            status, page = server.ask("GET", "/api/v1/tasks?limit=1", token=owner.token)
            assert status == 200, page
            rate = page["total"] / (time.monotonic() - started)
            tell(f"{page['total']:,} of {amount:,} tasks, {rate:,.0f}/s")


async def tidy(database_url: str) -> None:
    """As PostgreSQL does by itself a while after many rows came."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def give(database_url: str, owners: Iterable[Owner], amount: int) -> dict[UserId, list[TaskId]]:
    """To each so many tasks without a past; answers their ids, oldest first."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        given = {owner.id: await _store(connection, owner.id, amount) for owner in owners}
    finally:
        await connection.close()
    await tidy(database_url)
    return given


async def _store(connection: "asyncpg.Connection[asyncpg.Record]", owner_id: UserId, amount: int) -> list[TaskId]:
    now = datetime.now(UTC)
    made = [demo_task(owner_id.int, n, amount, owner_id=owner_id, now=now)[-1] for n in range(amount)]
    amounts: Counter[Tally] = Counter({(owner_id, REVISION, ""): amount})
    for task in made:
        for tally, more in tallied(task):
            amounts[tally] += more
    columns = [column.name for column in tasks.c]
    async with connection.transaction():
        await connection.copy_records_to_table(
            tasks.name, columns=columns, records=([row[name] for name in columns] for row in map(task_to_row, made))
        )
        await connection.copy_records_to_table(
            task_tallies.name,
            columns=[column.name for column in task_tallies.c],
            records=[(*tally, amount) for tally, amount in amounts.items()],
        )
    return [task.id for task in made]
