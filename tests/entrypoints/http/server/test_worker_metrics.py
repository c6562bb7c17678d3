"""Each worker reports the metrics of all workers."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.entrypoints.http.given import TASKS
from tests.entrypoints.http.middleware.test_metrics import METRICS, Samples, answered, read, value
from tests.entrypoints.http.service_process import ServerProcess, copy_of

pytestmark = pytest.mark.xdist_group("server")

TIMEOUT = 30.0
CONNECTIONS = "task_manager_database_connections_max"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def server(directory: Path, sqlite_template: Path) -> Iterator[ServerProcess]:
    with ServerProcess(directory, copy_of(sqlite_template, directory), workers=2) as server:
        yield server
        server.stop()
    assert list(directory.glob("task-manager-metrics-*")) == []


def get(server: ServerProcess, path: str) -> httpx2.Response:
    """Use a new connection, which either worker may accept."""
    return httpx2.get(f"{server.url}{path}", trust_env=False, timeout=TIMEOUT, verify=False)  # loads no certificates


def metrics(server: ServerProcess) -> Samples:
    return read(get(server, METRICS).text)


def wait_for_workers(server: ServerProcess, number: int) -> None:
    """Wait until so many workers report a connection pool."""
    deadline = time.monotonic() + TIMEOUT
    while value(metrics(server), CONNECTIONS) != 10 * number:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)


def test_every_worker_reports_the_requests_of_all(server: ServerProcess) -> None:
    wait_for_workers(server, 2)
    before = answered(metrics(server), "GET", TASKS, "401")
    for _ in range(40):
        assert get(server, TASKS).status_code == 401

    for _ in range(10):
        samples = metrics(server)
        assert answered(samples, "GET", TASKS, "401") == before + 40
        assert value(samples, "http_request_duration_seconds_count", method="GET", route=TASKS) == before + 40


def test_the_incomplete_file_of_a_starting_worker_is_ignored(server: ServerProcess, directory: Path) -> None:
    before = answered(metrics(server), "GET", TASKS, "401")
    get(server, TASKS)
    (shared,) = directory.glob("task-manager-metrics-*")
    (shared / "counter_1.db").touch()

    assert answered(metrics(server), "GET", TASKS, "401") == before + 1


def test_counters_of_a_killed_worker_are_kept_and_its_gauges_are_not(server: ServerProcess) -> None:
    wait_for_workers(server, 2)
    before = answered(metrics(server), "GET", TASKS, "401")
    for _ in range(40):
        get(server, TASKS)
    killed, _ = server.workers()
    killed.kill()
    wait_for_workers(server, 1)
    wait_for_workers(server, 2)

    samples = metrics(server)

    assert answered(samples, "GET", TASKS, "401") == before + 40
    assert value(samples, "http_requests_in_flight") == 1
