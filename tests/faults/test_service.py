"""The service killed, cut off and asked again: what it said holds, and what was sent again happened once."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.entrypoints.http.given import LOGIN, PASSWORD, REGISTER, STATISTICS, TASKS, Json, an_account
from tests.entrypoints.http.service_process import PATIENCE, ServerProcess, copy_of, request

pytestmark = pytest.mark.xdist_group("server")

UNLIMITED: Final = {"RATE_LIMIT_ENABLED": "false"}


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[ServerProcess]:
    """Two workers, over each kind of database."""
    is_sqlite = request.param == "sqlite"
    url = copy_of(sqlite_template, tmp_path) if is_sqlite else request.getfixturevalue("postgres_url")
    with ServerProcess(tmp_path, url, workers=2, **UNLIMITED) as server:
        yield server


def sign_up(server: ServerProcess, username: str) -> dict[str, str]:
    """The header of somebody new."""
    httpx2.post(f"{server.url}{REGISTER}", json=an_account(username), trust_env=False).raise_for_status()
    login = {"username": username, "password": PASSWORD}
    answer = httpx2.post(f"{server.url}{LOGIN}", json=login, trust_env=False)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def get(server: ServerProcess, path: str, me: dict[str, str]) -> Json:
    answer = httpx2.get(f"{server.url}{path}", headers=me, trust_env=False)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def start_again(server: ServerProcess) -> None:
    server.stop(signal.SIGKILL)
    server.start()


def test_every_acknowledged_write_outlives_kill_9_under_load(server: ServerProcess) -> None:
    people = [sign_up(server, f"user-{n}") for n in range(3)]
    acknowledged: list[list[Json]] = [[] for _ in people]
    enough = threading.Event()

    def write(n: int) -> None:
        with httpx2.Client(base_url=server.url, headers=people[n], trust_env=False, timeout=PATIENCE) as client:
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
        assert enough.wait(PATIENCE)
        server.stop(signal.SIGKILL)
        for each in writing:
            each.result()
    server.start()
    for me, tasks in zip(people, acknowledged, strict=True):
        for task in tasks:
            assert get(server, f"{TASKS}/{task['id']}", me) == task
            assert get(server, f"{TASKS}/{task['id']}/history", me)["total"] == 2
        page, statistics = get(server, TASKS, me), get(server, STATISTICS, me)
        assert len(tasks) <= page["total"] <= len(tasks) + 1  # one may have been stored and not told
        assert statistics["total"] == statistics["by_tag"]["x"] == page["total"]
        assert statistics["completed"] >= len(tasks)


def test_what_is_sent_again_with_its_key_happened_once_however_often_the_service_died(server: ServerProcess) -> None:
    me, done = sign_up(server, "ann"), threading.Event()
    chance = random.Random(7)

    def create(n: int) -> Json:
        headers = me | {"Idempotency-Key": f"key-{n}"}
        deadline = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = client.post(TASKS, json={"title": f"{n}"}, headers=headers)
            except httpx2.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 201:
                task: Json = answer.json()
                return task
            assert answer.status_code in {409, 503}, answer.text
        raise TimeoutError

    def keep_dying() -> None:
        try:
            for _ in range(2):
                time.sleep(chance.uniform(0.1, 0.4))
                start_again(server)
        finally:
            done.set()

    with httpx2.Client(base_url=server.url, trust_env=False, timeout=5) as client, ThreadPoolExecutor(5) as pool:
        dying = pool.submit(keep_dying)
        first: list[Json] = []
        rounds = 0
        while not done.is_set() or rounds < 2:
            first += pool.map(create, range(rounds * 20, rounds * 20 + 20))
            rounds += 1
        dying.result()
        again = list(pool.map(create, range(len(first))))
    assert again == first
    assert get(server, TASKS, me)["total"] == len(first)


def test_who_leaves_in_the_middle_of_a_request_takes_no_connection_along(server: ServerProcess) -> None:
    me = sign_up(server, "ann")
    field = f"Authorization: {me['Authorization']}"
    body = b'{"tasks": [' + b",".join([b'{"title": "x"}'] * 100) + b"]}"
    json = ("Content-Type: application/json", f"Content-Length: {len(body)}")

    def leave(n: int) -> None:
        with server.connected() as connection:
            if n % 2:
                connection.sendall(request("GET", f"{TASKS}?search=x&limit=100", field))
            else:
                connection.sendall(request("POST", f"{TASKS}/bulk", field, *json, body=body))
            time.sleep(n % 5 / 1000)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(leave, range(120)))

    patient = httpx2.Client(base_url=server.url, headers=me, trust_env=False, timeout=PATIENCE)
    with patient as client, ThreadPoolExecutor(40) as pool:
        assert set(pool.map(lambda _: client.get(TASKS).status_code, range(80))) == {200}
    server.stop()  # what was begun has ended then
    server.start()
    page, statistics = get(server, TASKS, me), get(server, STATISTICS, me)
    assert page["total"] == statistics["total"]
    assert page["total"] % 100 == 0
    assert "Traceback" not in server.log
