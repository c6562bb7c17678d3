"""Two containers, as in two processes, share the rate limits of one Valkey server."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Final

import pytest
from dependency_injector import providers
from httpx2 import AsyncClient

from adapters.security.argon2 import Argon2PasswordHasher
from entrypoints.http.app import create_app
from entrypoints.wiring.container import Container
from tests.entrypoints.http.conftest import connected, settings_of
from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import TASKS, SettableClock, in_memory, sign_up
from tests.servers.valkey import ValkeyServer

pytestmark = in_memory

LIMITS: Final = {
    "rate_limit_enabled": True,
    "rate_limit_read": "100/minute",
    "rate_limit_write": "2/minute",
}


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
async def both(
    storage_settings: dict[str, str],
    valkey: ValkeyServer,
    clock: SettableClock,
    hasher: Argon2PasswordHasher,
    conventions: Conventions,
) -> AsyncIterator[list[AsyncClient]]:
    """A client of the same user at each of two applications."""
    settings = settings_of(**LIMITS | storage_settings, redis_url=valkey.url)
    first = Container(
        settings=providers.Object(settings), clock=providers.Object(clock), hasher=providers.Object(hasher)
    )
    second = Container(
        settings=providers.Object(settings),
        clock=providers.Object(clock),
        hasher=providers.Object(hasher),
        storage=providers.Object(first.storage()),
    )
    async with AsyncExitStack() as stack:
        clients = []
        for container in (first, second):
            app = create_app(container)
            await stack.enter_async_context(app.router.lifespan_context(app))
            connect = await stack.enter_async_context(connected(app, conventions))
            clients.append(connect())
        await sign_up(clients[0], "ann")
        clients[1].headers["Authorization"] = clients[0].headers["Authorization"]
        yield clients


async def remaining(client: AsyncClient) -> int:
    response = await client.get(TASKS)
    assert response.status_code == 200
    return int(response.headers["RateLimit"].split(";")[1].removeprefix("r="))


async def test_requests_are_counted_together(both: list[AsyncClient]) -> None:
    assert [await remaining(client) for client in both * 2] == [99, 98, 97, 96]
    statuses = [(await client.post(TASKS, json={"title": "x"})).status_code for client in both * 2]
    assert statuses == [201, 201, 429, 429]


async def test_requests_are_counted_in_process_while_valkey_hangs(
    both: list[AsyncClient], valkey: ValkeyServer
) -> None:
    assert [await remaining(both[0]) for _ in range(50)][-1] == 50
    valkey.pause()
    assert [await remaining(both[0]) for _ in range(3)] == [99, 98, 97]
    assert [await remaining(both[1]) for _ in range(2)] == [99, 98]
    statuses = [(await both[0].post(TASKS, json={"title": "x"})).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    valkey.resume()
    await wait_for_recovery(both)


async def test_requests_are_counted_in_process_while_valkey_is_down(
    both: list[AsyncClient], valkey: ValkeyServer
) -> None:
    assert await remaining(both[0]) == 99
    valkey.stop()
    assert [await remaining(both[0]) for _ in range(2)] == [99, 98]
    assert [await remaining(both[1]) for _ in range(2)] == [99, 98]


async def wait_for_recovery(both: list[AsyncClient]) -> None:
    """Wait until both use the shared counts again."""
    deadline = time.monotonic() + 10
    for client in both:
        while await remaining(client) > 51:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
