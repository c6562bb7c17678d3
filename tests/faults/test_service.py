"""The service is killed or loses its clients: acknowledged writes survive, and retries take effect once."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx2
import pytest

from adapters.sql.schema.migrator import SqlSchema
from tests.conftest import run_in_thread
from tests.entrypoints.http.given import LOGIN, PASSWORD, REGISTER, STATISTICS, TASKS, Json, an_account
from tests.entrypoints.http.service_process import TIMEOUT, ServerProcess, copy_of, request
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.xdist_group("server")

UNLIMITED: Final = {"RATE_LIMIT_ENABLED": "false"}


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    run_in_thread(postgres.create_database(name))
    run_in_thread(SqlSchema(postgres.url(name)).upgrade())
    yield postgres.url(name)
    run_in_thread(postgres.drop_database(name))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[ServerProcess]:
    """A service with one process over SQLite, and with two over PostgreSQL. A test leaves it running."""
    directory = tmp_path_factory.mktemp("faults")
    is_sqlite = request.param == "sqlite"
    url = copy_of(sqlite_template, directory) if is_sqlite else request.getfixturevalue("database_url")
    with ServerProcess(directory, url, workers=1 if is_sqlite else 2, **UNLIMITED) as server:
        yield server


def sign_up(server: ServerProcess, username: str) -> dict[str, str]:
    """Create an account. Return its Authorization header."""
    with connect(server) as client:
        client.post(REGISTER, json=an_account(username)).raise_for_status()
        response = client.post(LOGIN, json={"username": username, "password": PASSWORD})
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


def connect(server: ServerProcess, me: dict[str, str] | None = None, timeout: float = TIMEOUT) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, headers=me, trust_env=False, timeout=timeout)


def get(client: httpx2.Client, path: str) -> Json:
    response = client.get(path)
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


def restart(server: ServerProcess) -> None:
    server.stop(signal.SIGKILL)
    server.start()


def wait_until_idle(client: httpx2.Client) -> None:
    """Wait until no worker handles any request but this one."""
    deadline = time.monotonic() + TIMEOUT
    while "\nhttp_requests_in_flight 1.0\n" not in client.get("/monitoring/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_acknowledged_writes_survive_kill_9_under_load(server: ServerProcess) -> None:
    people = [sign_up(server, f"user-{n}") for n in range(3)]
    acknowledged: list[list[Json]] = [[] for _ in people]
    enough = threading.Event()

    def write(n: int) -> None:
        with connect(server, people[n]) as client:
            try:
                while True:
                    task = client.post(TASKS, json={"title": f"{len(acknowledged[n])}", "tags": ["x"]}).json()
                    acknowledged[n].append(client.patch(f"{TASKS}/{task['id']}", json={"completed": True}).json())
                    if sum(map(len, acknowledged)) >= 60:
                        enough.set()
            except httpx2.TransportError:
                return

    with ThreadPoolExecutor(len(people)) as pool:
        writing = [pool.submit(write, n) for n in range(len(people))]
        assert enough.wait(TIMEOUT)
        server.stop(signal.SIGKILL)
        for each in writing:
            each.result()
    server.start()
    for me, tasks in zip(people, acknowledged, strict=True):
        with connect(server, me) as client:
            for task in tasks:
                assert get(client, f"{TASKS}/{task['id']}") == task
                assert get(client, f"{TASKS}/{task['id']}/history")["total"] == 2
            page, statistics = get(client, TASKS), get(client, STATISTICS)
        assert len(tasks) <= page["total"] <= len(tasks) + 1  # one write may be stored but not acknowledged
        assert statistics["total"] == statistics["by_tag"]["x"] == page["total"]
        assert statistics["completed"] >= len(tasks)


def test_retries_with_a_key_take_effect_once_although_the_service_is_killed(server: ServerProcess) -> None:
    me, enough, done = sign_up(server, "ann"), threading.Event(), threading.Event()

    def create(n: int) -> Json:
        headers = me | {"Idempotency-Key": f"key-{n}"}
        deadline = time.monotonic() + 2 * TIMEOUT
        while time.monotonic() < deadline:
            try:
                response = client.post(TASKS, json={"title": f"{n}"}, headers=headers)
            except httpx2.TransportError:
                time.sleep(0.2)
                continue
            if response.status_code == 201:
                task: Json = response.json()
                if n >= 10:
                    enough.set()
                return task
            assert response.status_code in {409, 503}, response.text
        raise TimeoutError

    def kill() -> None:
        try:
            assert enough.wait(TIMEOUT)
            restart(server)
        finally:
            done.set()

    with connect(server, timeout=5) as client, ThreadPoolExecutor(5) as pool:
        killing = pool.submit(kill)
        first: list[Json] = []
        rounds = 0
        while not done.is_set() or rounds < 2:
            first += pool.map(create, range(rounds * 20, rounds * 20 + 20))
            rounds += 1
        killing.result()
        again = list(pool.map(create, range(len(first))))
    assert again == first
    with connect(server, me) as client:
        assert get(client, TASKS)["total"] == len(first)


def test_disconnecting_clients_leak_no_database_connections(server: ServerProcess) -> None:
    me = sign_up(server, "ben")
    field = f"Authorization: {me['Authorization']}"
    body = b'{"tasks": [' + b",".join([b'{"title": "x"}'] * 100) + b"]}"
    json = ("Content-Type: application/json", f"Content-Length: {len(body)}")

    def disconnect(n: int) -> None:
        with server.connected() as connection:
            if n % 2:
                connection.sendall(request("GET", f"{TASKS}?search=x&limit=100", field))
            else:
                connection.sendall(request("POST", f"{TASKS}/bulk", field, *json, body=body))
            time.sleep(n % 5 / 1000)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(disconnect, range(120)))

    with connect(server, me) as client, ThreadPoolExecutor(40) as pool:
        wait_until_idle(client)  # until then, writes of the lost clients may keep connections busy
        assert set(pool.map(lambda _: client.get(TASKS).status_code, range(80))) == {200}
        page, statistics = get(client, TASKS), get(client, STATISTICS)
    assert page["total"] == statistics["total"]
    assert page["total"] % 100 == 0
    assert "Traceback" not in server.log
