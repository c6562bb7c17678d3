"""PostgreSQL dies or hangs and recovers: the service responds with 503 and recovers without a restart."""

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

pytestmark = pytest.mark.xdist_group("postgres outage")

HANG_TIMEOUT: Final = 30.0
RECOVERY_TIMEOUT: Final = 10.0

Act = Callable[[PostgresServer], None]


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[PostgresServer]:
    with PostgresServer() as server:
        await SqlSchema(server.url("postgres")).upgrade()
        yield server


@pytest.fixture
def storage_settings(server: PostgresServer) -> dict[str, str]:
    """Connect without TLS: after a hung TLS handshake asyncpg leaves a future with an unretrieved exception."""
    return {"storage": "sql", "database_url": f"{server.url('postgres')}?sslmode=disable"}


@pytest.fixture
async def user(connect: Connect) -> AsyncClient:
    """Return a signed-in client. All connections of the pool have been used before."""
    client = await sign_up(connect(), f"user-{uuid4().hex}")
    await asyncio.gather(*(client.get(TASKS) for _ in range(20)))
    return client


async def require_503(client: AsyncClient, method: str, path: str, body: Json | None = None) -> None:
    async with asyncio.timeout(HANG_TIMEOUT):
        response = await client.request(method, path, json=body)
    assert response.status_code == 503, f"{method} {path}"
    assert response.json()["error_code"] == "SERVICE_UNAVAILABLE"
    assert int(response.headers["Retry-After"]) >= 1


async def wait_until_recovered(client: AsyncClient) -> None:
    deadline = time.monotonic() + RECOVERY_TIMEOUT
    while (await client.get(TASKS)).status_code != 200:
        assert time.monotonic() < deadline, "the service did not recover"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("fail", "mend"),
    [(PostgresServer.kill, PostgresServer.restart), (PostgresServer.pause, PostgresServer.resume)],
    ids=["dead", "hung"],
)
async def test_requests_return_503_during_an_outage(
    user: AsyncClient, server: PostgresServer, fail: Act, mend: Act
) -> None:
    task = await create(user, "Before")
    fail(server)
    try:
        await asyncio.gather(
            require_503(user, "GET", TASKS),
            require_503(user, "POST", TASKS, {"title": "Meanwhile"}),
            require_503(user, "PATCH", path_of(task), {"title": "Meanwhile"}),
            require_503(user, "POST", REGISTER, an_account()),
            require_503(user, "POST", LOGIN, {"username": "carol", "password": PASSWORD}),
            *(require_503(user, "GET", path_of(task)) for _ in range(20)),
        )
        assert (await user.get("/health")).status_code == 200
    finally:
        mend(server)
    await wait_until_recovered(user)

    assert await get(user, task) == task
    await create(user, "After")
    assert (await user.get(TASKS)).json()["total"] == 2


async def test_clients_do_not_notice_a_restart_between_two_requests(user: AsyncClient, server: PostgresServer) -> None:
    task = await create(user, "Before")
    server.restart()
    responses = await asyncio.gather(*(user.get(path_of(task)) for _ in range(20)))
    assert {response.status_code for response in responses} == {200}


async def test_acknowledged_writes_survive_a_crash(user: AsyncClient, server: PostgresServer) -> None:
    acknowledged: list[str] = []
    has_enough = asyncio.Event()

    async def keep_creating() -> int:
        while True:
            response = await user.post(TASKS, json={"title": "x"})
            if response.status_code != 201:
                return response.status_code
            acknowledged.append(response.json()["id"])
            if len(acknowledged) >= 20:
                has_enough.set()

    async with asyncio.TaskGroup() as writers:
        writing = [writers.create_task(keep_creating()) for _ in range(4)]
        await has_enough.wait()
        server.kill()
    server.restart()
    await wait_until_recovered(user)

    assert {writer.result() for writer in writing} == {503}
    responses = [await user.get(f"{TASKS}/{id}") for id in acknowledged]
    assert {response.status_code for response in responses} == {200}
