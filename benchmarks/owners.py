"""Create owners and their tasks: by the API, by `task-manager seed`, or by writing to the tables."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg
import psutil

from adapters.demo.tasks import demo_task
from adapters.sql.schema.tasks import task_counters, tasks
from adapters.sql.tasks.rows import task_to_row
from benchmarks.servers import Server, seeder
from domain.identity.user import UserId
from domain.tasks.counters import counter_changes
from domain.tasks.task import TaskId

PASSWORD: Final = "Correct-Horse-7"
PROGRESS_INTERVAL: Final = 20.0
"""Seconds between two progress messages."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A registered user with an access token."""

    id: UserId
    name: str
    token: str


def register(server: Server, name: str) -> Owner:
    account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    status, user = server.request("POST", "/api/v1/auth/register", body=account)
    assert status == 201, user
    status, login = server.request("POST", "/api/v1/auth/login", body={"username": name, "password": PASSWORD})
    assert status == 200, login
    return Owner(UserId(UUID(user["id"])), name, login["access_token"])


def seed(server: Server, database_url: str, owner: Owner, amount: int, report: Callable[[str], None]) -> None:
    """Create tasks with `task-manager seed`, and report the progress."""
    started = time.monotonic()
    with seeder(database_url, owner.name, amount) as seeding:
        finished = False
        while not finished:
            with suppress(psutil.TimeoutExpired):
                seeding.process.wait(PROGRESS_INTERVAL)
                finished = True
            status, page = server.request("GET", "/api/v1/tasks?limit=1", token=owner.token)
            assert status == 200, page
            rate = page["total"] / (time.monotonic() - started)
            report(f"{page['total']:,} of {amount:,} tasks, {rate:,.0f}/s")


async def vacuum(database_url: str) -> None:
    """Do at once what autovacuum would do some time after many inserts."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def insert_tasks(database_url: str, owners: Iterable[Owner], amount: int) -> dict[UserId, list[TaskId]]:
    """Insert tasks without history for each owner. Return their ids, oldest first."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        task_ids = {owner.id: await _insert(connection, owner.id, amount) for owner in owners}
    finally:
        await connection.close()
    await vacuum(database_url)
    return task_ids


async def _insert(connection: "asyncpg.Connection[asyncpg.Record]", owner_id: UserId, amount: int) -> list[TaskId]:
    now = datetime.now(UTC)
    created = [demo_task(owner_id.int, n, amount, owner_id=owner_id, now=now)[-1] for n in range(amount)]
    columns = [column.name for column in tasks.c]
    async with connection.transaction():
        await connection.copy_records_to_table(
            tasks.name, columns=columns, records=([row[name] for name in columns] for row in map(task_to_row, created))
        )
        await connection.copy_records_to_table(
            task_counters.name,
            columns=[column.name for column in task_counters.c],
            records=[(*counter, amount) for counter, amount in counter_changes(added=created).items()],
        )
    return [task.id for task in created]
