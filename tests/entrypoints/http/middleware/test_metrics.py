"""The metrics that operators monitor."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import pytest
from httpx2 import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from adapters.metrics.storage_gauges import MAX_AGE
from application.identity.mails import WELCOME_MAIL
from application.platform.unit_of_work import StorageUnavailable
from entrypoints.wiring.container import Container
from tests.entrypoints.http.given import ME, REGISTER, STATISTICS, TASKS, an_account, create, in_memory, path_of

METRICS = "/monitoring/metrics"

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def measured(client: AsyncClient) -> Samples:
    response = await client.get(METRICS)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(response.text)


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0)


def answered(samples: Samples, method: str, route: str, status: str) -> float:
    return value(samples, "http_requests_total", method=method, route=route, status=status)


@in_memory
class TestRequestMetrics:
    async def test_requests_are_counted_by_method_template_and_status(self, ann: AsyncClient) -> None:
        tasks = [await create(ann) for _ in range(3)]
        for task in tasks:
            await ann.get(path_of(task))
        await ann.get(f"{TASKS}/x")

        samples = await measured(ann)

        assert answered(samples, "POST", TASKS, "201") == 3
        assert answered(samples, "GET", f"{TASKS}/{{task_id}}", "200") == 3
        assert answered(samples, "GET", f"{TASKS}/{{task_id}}", "404") == 1

    async def test_each_request_is_timed(self, ann: AsyncClient) -> None:
        for _ in range(3):
            await ann.get(STATISTICS)

        samples = await measured(ann)

        timed = {"method": "GET", "route": STATISTICS}
        assert value(samples, "http_request_duration_seconds_count", **timed) == 3
        assert value(samples, "http_request_duration_seconds_bucket", **timed, le="+Inf") == 3
        assert 0 < value(samples, "http_request_duration_seconds_sum", **timed) < 30

    async def test_clients_cannot_create_time_series(self, client: AsyncClient) -> None:
        for number in range(20):
            await client.request(f"METHOD{number}", f"/nothing/{number}")
            await client.request("PROPFIND", TASKS)
            await client.get(f"{TASKS}/{number}")

        samples = await measured(client)

        labels = [dict(labels) for name, labels in samples if name == "http_requests_total"]
        assert {label["method"] for label in labels} <= {"GET", "POST", "_OTHER"}
        assert {label["route"] for label in labels} == {"none", TASKS, f"{TASKS}/{{task_id}}"}
        assert len(labels) <= 5

    async def test_requests_in_flight_are_counted(self, client: AsyncClient) -> None:
        assert value(await measured(client), "http_requests_in_flight") == 1

    async def test_an_internal_error_is_counted_as_500(
        self, ann: AsyncClient, container: Container, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ann.event_hooks = {}  # the conventions allow no internal error
        monkeypatch.setattr(container.services().tasks, "list", None)
        assert (await ann.get(TASKS)).status_code == 500

        samples = await measured(ann)

        assert answered(samples, "GET", TASKS, "500") == 1
        assert value(samples, "http_requests_in_flight") == 1

    async def test_metrics_contain_no_names_and_no_ids(self, ann: AsyncClient) -> None:
        task = await create(ann, "canary")
        await ann.get(path_of(task))
        text = (await ann.get(METRICS)).text

        assert not re.search(rf"canary|ann\b|{task['id']}|{task['owner_id']}", text)

    async def test_cache_hits_and_misses_are_counted(self, ann: AsyncClient) -> None:
        before = await measured(ann)
        for _ in range(5):
            await ann.get(ME)
        after = await measured(ann)

        def grown(result: str) -> float:
            name = "task_manager_standing_cache_requests_total"
            return value(after, name, result=result) - value(before, name, result=result)

        assert grown("hit") + grown("miss") == 5


class TestConnectionMetrics:
    @pytest.fixture(params=["sqlite", "postgres"])
    def storage_settings(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        return {"storage": "sql", "database_url": request.getfixturevalue(f"{request.param}_url")}

    async def test_database_connections_are_reported(self, ann: AsyncClient, container: Container) -> None:
        name = "task_manager_database_connections"
        samples = await measured(ann)
        idle = value(samples, name, state="idle")
        assert idle >= 1
        assert value(samples, name, state="in_use") == 0
        assert value(samples, f"{name}_max") == 10

        async with container.storage().unit_of_work() as uow:
            await uow.users.count_active_admins()
            samples = await measured(ann)

        assert value(samples, name, state="in_use") == 1
        assert value(samples, name, state="idle") == idle - 1


async def test_waiting_jobs_and_attempts_are_reported(client: AsyncClient, container: Container) -> None:
    await client.post(REGISTER, json=an_account("ann"))
    assert value(await measured(client), "task_manager_jobs", state="due") == 1

    assert await container.services().job_worker.work() == 1
    await asyncio.sleep(MAX_AGE)
    samples = await measured(client)

    assert value(samples, "task_manager_jobs", state="due") == 0
    assert value(samples, "task_manager_job_attempts_total", kind=WELCOME_MAIL, outcome="done") == 1


@in_memory
async def test_other_metrics_are_reported_while_the_storage_is_down(
    client: AsyncClient, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise StorageUnavailable

    monkeypatch.setattr(container.services().jobs, "counts", fail)
    await client.get(TASKS)

    samples = await measured(client)

    assert answered(samples, "GET", TASKS, "401") == 1
    assert not any(name == "task_manager_jobs" for name, _ in samples)
