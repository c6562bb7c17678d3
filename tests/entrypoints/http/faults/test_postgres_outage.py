"""A PostgreSQL that dies, or hangs, and comes back: the service says so in time, and needs no restart."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Final
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from adapters.sql.schema.migrator import SqlSchema
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    LOGIN,
    PASSWORD,
    REGISTER,
    TASKS,
    Json,
    an_account,
    create,
    get,
    path_of,
    sign_up,
)
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("postgres away")

IN_TIME: Final = 2.0
"""Seconds, as promised."""
PATIENCE: Final = 10.0

Act = Callable[[PostgresServer], None]


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[PostgresServer]:
    with PostgresServer() as server:
        await SqlSchema(server.url("postgres")).upgrade()
        yield server


@pytest.fixture
def storage_settings(server: PostgresServer) -> dict[str, str]:
    """Without TLS: a hung negotiation of it leaves asyncpg a future that nobody asks for its exception."""
    return {"storage": "sql", "database_url": f"{server.url('postgres')}?sslmode=disable"}


@pytest.fixture
async def somebody(connect: Connect) -> AsyncClient:
    """With every connection of the pool in use before."""
    client = await sign_up(connect(), f"user-{uuid4().hex}")
    await asyncio.gather(*(client.get(TASKS) for _ in range(20)))
    return client


async def refused_in_time(client: AsyncClient, method: str, path: str, body: Json | None = None) -> None:
    began = time.monotonic()
    answer = await client.request(method, path, json=body)
    took = time.monotonic() - began
    assert answer.status_code == 503, f"{method} {path}"
    assert answer.json()["error_code"] == "SERVICE_UNAVAILABLE"
    assert int(answer.headers["Retry-After"]) >= 1
    assert took < IN_TIME, f"{method} {path}"


async def back(client: AsyncClient) -> None:
    deadline = time.monotonic() + PATIENCE
    while (await client.get(TASKS)).status_code != 200:
        assert time.monotonic() < deadline, "the service did not recover"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("fail", "mend"),
    [(PostgresServer.kill, PostgresServer.restart), (PostgresServer.pause, PostgresServer.resume)],
    ids=["dead", "hung"],
)
async def test_while_it_is_away_every_request_is_refused_in_time(
    somebody: AsyncClient, server: PostgresServer, fail: Act, mend: Act
) -> None:
    task = await create(somebody, "Before")
    fail(server)
    try:
        await asyncio.gather(
            refused_in_time(somebody, "GET", TASKS),
            refused_in_time(somebody, "POST", TASKS, {"title": "Meanwhile"}),
            refused_in_time(somebody, "PATCH", path_of(task), {"title": "Meanwhile"}),
            refused_in_time(somebody, "POST", REGISTER, an_account()),
            refused_in_time(somebody, "POST", LOGIN, {"username": "carol", "password": PASSWORD}),
            *(refused_in_time(somebody, "GET", path_of(task)) for _ in range(20)),
        )
        assert (await somebody.get("/health")).status_code == 200
    finally:
        mend(server)
    await back(somebody)

    assert await get(somebody, task) == task
    await create(somebody, "After")
    assert (await somebody.get(TASKS)).json()["total"] == 2


async def test_a_restart_between_two_requests_is_not_noticed(somebody: AsyncClient, server: PostgresServer) -> None:
    task = await create(somebody, "Before")
    server.restart()
    answers = await asyncio.gather(*(somebody.get(path_of(task)) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}


async def test_what_was_acknowledged_is_there_after_a_crash(somebody: AsyncClient, server: PostgresServer) -> None:
    acknowledged: list[str] = []
    has_enough = asyncio.Event()

    async def keep_creating() -> int:
        while True:
            answer = await somebody.post(TASKS, json={"title": "x"})
            if answer.status_code != 201:
                return answer.status_code
            acknowledged.append(answer.json()["id"])
            if len(acknowledged) >= 20:
                has_enough.set()

    async with asyncio.TaskGroup() as writers:
        writing = [writers.create_task(keep_creating()) for _ in range(4)]
        await has_enough.wait()
        server.kill()
    server.restart()
    await back(somebody)

    assert {writer.result() for writer in writing} == {503}
    answers = [await somebody.get(f"{TASKS}/{id}") for id in acknowledged]
    assert {answer.status_code for answer in answers} == {200}
