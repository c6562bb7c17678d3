"""Whether requests are welcome, as a balancer asks: the truth, soon, and nothing that helps an attacker."""

import time
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from adapters.sql.schema.migrator import SqlSchema
from entrypoints.wiring.container import Container
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import Json, in_memory
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer

READY: Final = "/monitoring/health"
IN_TIME: Final = 2.0
"""Seconds, as promised."""


async def asked(client: AsyncClient, status: int) -> Json:
    began = time.monotonic()
    answer = await client.get(READY)
    assert time.monotonic() - began < IN_TIME
    assert answer.status_code == status, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    report: Json = answer.json()
    for check in report["checks"].values():
        assert set(check) == {"status", "latency_ms"}
        assert check["latency_ms"] >= 0
    return report


def statuses(report: Json) -> dict[str, str]:
    return {name: check["status"] for name, check in report["checks"].items()}


async def test_a_service_that_works_says_so(client: AsyncClient) -> None:
    report = await asked(client, 200)

    assert (report["status"], report["version"]) == ("healthy", version("task-manager"))
    assert set(report["checks"]) >= {"database", "cache"}
    assert set(statuses(report).values()) == {"healthy"}


@in_memory
async def test_who_drains_sends_requests_elsewhere(client: AsyncClient, container: Container) -> None:
    container.health_service().drain()
    answer = await client.get(READY)

    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert int(answer.headers["Retry-After"]) >= 1


@in_memory
class TestPlainHttp:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"force_https": True, "rate_limit_enabled": True, "rate_limit_read": "1/minute"}

    async def test_a_probe_is_neither_redirected_nor_limited(self, client: AsyncClient) -> None:
        for path in ("/health", READY, "/monitoring/metrics"):
            for _ in range(3):
                answer = await client.get(path)
                assert answer.status_code == 200
                assert "RateLimit" not in answer.headers


@pytest.mark.xdist_group("postgres away")
class TestWithoutPostgres:
    @pytest.fixture
    async def server(self) -> AsyncIterator[PostgresServer]:
        with PostgresServer() as server:
            await SqlSchema(server.url("postgres")).upgrade()
            yield server

    @pytest.fixture
    def storage_settings(self, server: PostgresServer) -> dict[str, str]:
        return {"storage": "sql", "database_url": f"{server.url('postgres')}?sslmode=disable"}

    async def test_it_is_unhealthy_in_time_while_the_database_is_away_and_recovers(
        self, connect: Connect, server: PostgresServer
    ) -> None:
        client = connect()
        assert (await asked(client, 200))["status"] == "healthy"
        for fail, mend in ((server.pause, server.resume), (server.kill, server.restart)):
            fail()
            try:
                for _ in range(2):
                    report = await asked(client, 503)
                    assert report["status"] == "unhealthy"
                    assert statuses(report) | {"database": "unhealthy"} == statuses(report)
                    assert report["checks"]["cache"]["status"] == "healthy"
                assert (await client.get("/health")).status_code == 200
            finally:
                mend()
            deadline = time.monotonic() + 10
            while (await client.get(READY)).status_code != 200:
                assert time.monotonic() < deadline, "it did not recover"


@in_memory
class TestWithoutRedis:
    @pytest.fixture
    def valkey(self) -> Iterator[ValkeyServer]:
        with ValkeyServer() as server:
            yield server

    @pytest.fixture
    def options(self, valkey: ValkeyServer) -> dict[str, Any]:
        return {"redis_url": valkey.url}

    async def test_it_is_degraded_and_goes_on(self, client: AsyncClient, valkey: ValkeyServer) -> None:
        assert statuses(await asked(client, 200))["cache"] == "healthy"
        valkey.pause()
        report = await asked(client, 200)
        assert (report["status"], statuses(report)["cache"]) == ("degraded", "degraded")
        valkey.resume()
        assert (await asked(client, 200))["status"] == "healthy"
        valkey.stop()
        report = await asked(client, 200)
        assert (report["status"], statuses(report)["cache"]) == ("degraded", "degraded")
