import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.entrypoints.http.given import TASKS
from tests.entrypoints.http.middleware.test_metrics import METRICS, Samples, answered, read, value
from tests.entrypoints.http.service_process import ServerProcess, copy_of

pytestmark = pytest.mark.xdist_group("server")

PATIENCE = 30.0
CONNECTIONS = "task_manager_database_connections_max"


@pytest.fixture
def server(tmp_path: Path, sqlite_template: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), workers=2) as server:
        yield server
        server.stop()
    assert list(tmp_path.glob("task-manager-metrics-*")) == []


def asked(server: ServerProcess, path: str) -> httpx2.Response:
    """On a connection of its own, which any worker may take."""
    return httpx2.get(f"{server.url}{path}", trust_env=False, timeout=PATIENCE)


def measured(server: ServerProcess) -> Samples:
    return read(asked(server, METRICS).text)


def wait_for_pools(server: ServerProcess, pools: int) -> None:
    """Until so many processes tell of theirs."""
    deadline = time.monotonic() + PATIENCE
    while value(measured(server), CONNECTIONS) != 10 * pools:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)


def test_whichever_worker_is_asked_tells_of_all(server: ServerProcess) -> None:
    for _ in range(40):
        assert asked(server, TASKS).status_code == 401
    wait_for_pools(server, 2)

    for _ in range(10):
        samples = measured(server)
        assert answered(samples, "GET", TASKS, "401") == 40
        assert value(samples, "http_request_duration_seconds_count", method="GET", route=TASKS) == 40


def test_what_a_worker_counted_outlives_it_and_its_levels_do_not(server: ServerProcess) -> None:
    for _ in range(40):
        asked(server, TASKS)
    wait_for_pools(server, 2)
    one, _ = server.workers()
    one.kill()
    wait_for_pools(server, 1)
    wait_for_pools(server, 2)

    samples = measured(server)

    assert answered(samples, "GET", TASKS, "401") == 40
    assert value(samples, "http_requests_in_flight") == 1


def test_a_worker_that_only_just_begins_hinders_nobody(server: ServerProcess, tmp_path: Path) -> None:
    asked(server, TASKS)
    (shared,) = tmp_path.glob("task-manager-metrics-*")
    (shared / "counter_1.db").touch()

    assert answered(measured(server), "GET", TASKS, "401") == 1
