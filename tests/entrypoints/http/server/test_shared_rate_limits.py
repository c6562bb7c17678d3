"""Limits of two processes, as far as they can tell, with one Valkey."""

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
    """Ann at each of them."""
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


async def left(client: AsyncClient) -> int:
    began = time.monotonic()
    answer = await client.get(TASKS)
    assert time.monotonic() - began < 0.5
    assert answer.status_code == 200
    return int(answer.headers["RateLimit"].split(";")[1].removeprefix("r="))


async def test_they_share_what_they_count(both: list[AsyncClient]) -> None:
    assert [await left(client) for client in both * 2] == [99, 98, 97, 96]
    statuses = [(await client.post(TASKS, json={"title": "x"})).status_code for client in both * 2]
    assert statuses == [201, 201, 429, 429]


async def test_while_it_hangs_each_counts_alone_and_in_time(both: list[AsyncClient], valkey: ValkeyServer) -> None:
    assert [await left(both[0]) for _ in range(50)][-1] == 50
    valkey.pause()
    assert [await left(both[0]) for _ in range(3)] == [99, 98, 97]
    assert [await left(both[1]) for _ in range(2)] == [99, 98]
    statuses = [(await both[0].post(TASKS, json={"title": "x"})).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    valkey.resume()
    await recovered(both)


async def test_so_they_do_while_it_is_gone(both: list[AsyncClient], valkey: ValkeyServer) -> None:
    assert await left(both[0]) == 99
    valkey.stop()
    assert [await left(both[0]) for _ in range(2)] == [99, 98]
    assert [await left(both[1]) for _ in range(2)] == [99, 98]


async def recovered(both: list[AsyncClient]) -> None:
    """Counting together again, from where they were."""
    deadline = time.monotonic() + 10
    for client in both:
        while await left(client) > 51:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
