"""Readiness for load balancers: correct, fast, and without details that help an attacker."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from adapters.sql.schema.migrator import SqlSchema
from entrypoints.wiring.container import Container
from tests.contracts.jobs.jobs import a_job
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import Json, in_memory
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer
from tests.support.builders import NOW

READY: Final = "/monitoring/health"
HANG_TIMEOUT: Final = 30.0


async def report_of(client: AsyncClient, status: int) -> Json:
    async with asyncio.timeout(HANG_TIMEOUT):
        response = await client.get(READY)
    assert response.status_code == status, response.text
    assert response.headers["Cache-Control"] == "no-store"
    report: Json = response.json()
    for check in report["checks"].values():
        assert set(check) == {"status", "latency_ms"}
        assert check["latency_ms"] >= 0
    return report


def statuses(report: Json) -> dict[str, str]:
    return {name: check["status"] for name, check in report["checks"].items()}


async def test_a_working_service_is_healthy(client: AsyncClient) -> None:
    report = await report_of(client, 200)

    assert (report["status"], report["version"]) == ("healthy", version("task-manager"))
    assert set(report["checks"]) >= {"database", "cache"}
    assert set(statuses(report).values()) == {"healthy"}


@in_memory
async def test_readiness_and_metrics_show_failed_jobs_by_kind_without_being_affected(
    client: AsyncClient, container: Container
) -> None:
    async with container.storage().unit_of_work() as uow:
        await uow.jobs.add(a_job(), a_job(kind="late"), delay=timedelta(hours=-1))
        (job,) = await uow.jobs.claim(timedelta(0), limit=1)
        await uow.jobs.dead_letter(job, NOW, error="no")
        await uow.commit()

    report = await report_of(client, 200)
    metrics = (await client.get("/monitoring/metrics")).text

    jobs = report["jobs"]
    assert (report["status"], jobs["dead"], jobs["failures"]) == ("healthy", 1, {"example": {"retried": 0, "dead": 1}})
    assert jobs["oldest_due_seconds"] >= 3600
    assert 'task_manager_jobs_failed{kind="example",state="dead"} 1.0' in metrics
    assert re.search(r"^task_manager_jobs_oldest_due_seconds 3[6-9]\d\d\.", metrics, re.MULTILINE)


@in_memory
async def test_a_draining_service_is_unhealthy(client: AsyncClient, container: Container) -> None:
    container.services().health.drain()
    response = await client.get(READY)

    assert (response.status_code, response.json()["status"]) == (503, "unhealthy")
    assert int(response.headers["Retry-After"]) >= 1


@in_memory
class TestPlainHttp:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"force_https": True, "rate_limit_enabled": True, "rate_limit_read": "1/minute"}

    async def test_a_probe_is_neither_redirected_nor_limited(self, client: AsyncClient) -> None:
        for path in ("/health", READY, "/monitoring/metrics"):
            for _ in range(3):
                response = await client.get(path)
                assert response.status_code == 200
                assert "RateLimit" not in response.headers


@pytest.mark.xdist_group("postgres outage")
class TestWithoutPostgres:
    @pytest.fixture
    async def server(self) -> AsyncIterator[PostgresServer]:
        with PostgresServer() as server:
            await SqlSchema(server.url("postgres")).upgrade()
            yield server

    @pytest.fixture
    def storage_settings(self, server: PostgresServer) -> dict[str, str]:
        return {"storage": "sql", "database_url": f"{server.url('postgres')}?sslmode=disable"}

    async def test_readiness_is_unhealthy_without_the_database_and_recovers(
        self, connect: Connect, server: PostgresServer
    ) -> None:
        client = connect()
        assert (await report_of(client, 200))["status"] == "healthy"
        for fail, mend in ((server.pause, server.resume), (server.kill, server.restart)):
            fail()
            try:
                for _ in range(2):
                    report = await report_of(client, 503)
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

    async def test_readiness_is_degraded_without_redis(self, client: AsyncClient, valkey: ValkeyServer) -> None:
        assert statuses(await report_of(client, 200))["cache"] == "healthy"
        valkey.pause()
        report = await report_of(client, 200)
        assert (report["status"], statuses(report)["cache"]) == ("degraded", "degraded")
        valkey.resume()
        assert (await report_of(client, 200))["status"] == "healthy"
        valkey.stop()
        report = await report_of(client, 200)
        assert (report["status"], statuses(report)["cache"]) == ("degraded", "degraded")
