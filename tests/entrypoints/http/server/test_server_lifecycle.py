"""How the server ends, and what is there when it starts again."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.entrypoints.http.given import LOGIN, PASSWORD, REGISTER, TASKS, Json, an_account
from tests.entrypoints.http.service_process import ServerProcess, copy_of, read_to_end, request

pytestmark = pytest.mark.xdist_group("server")


@contextmanager
def signed_in(server: ServerProcess, username: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        client.post(REGISTER, json=an_account(username))
        answer = client.post(LOGIN, json={"username": username, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


def test_what_was_acknowledged_outlives_kill_9(tmp_path: Path, sqlite_template: Path) -> None:
    server = ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path))
    acknowledged: list[Json] = []
    enough = threading.Event()

    def keep_creating(number: int) -> None:
        with signed_in(server, f"user-{number}") as client:
            while True:
                try:
                    answer = client.post(TASKS, json={"title": "x", "tags": [f"{number}"]})
                except httpx2.TransportError:
                    return
                assert answer.status_code == 201
                acknowledged.append(answer.json())
                if len(acknowledged) >= 50:
                    enough.set()

    with ThreadPoolExecutor(3) as writers, server:
        writing = [writers.submit(keep_creating, number) for number in range(3)]
        assert enough.wait(30)
        server.stop(signal.SIGKILL)
        for writer in writing:
            writer.result()
    with server:
        for number in range(3):
            with signed_in(server, f"user-{number}") as client:
                mine = [task for task in acknowledged if task["tags"] == [f"{number}"]]
                assert mine
                for task in mine:
                    assert client.get(f"{TASKS}/{task['id']}").json() == task
                found = client.get(TASKS).json()["total"]
                assert len(mine) <= found <= len(mine) + 1  # one may have been stored and not told
                assert client.get(f"{TASKS}/statistics").json()["total"] == found
                assert client.post(TASKS, json={"title": "After"}).status_code == 201


def test_told_to_stop_it_ends_what_it_began_and_begins_nothing(tmp_path: Path, sqlite_template: Path) -> None:
    body = b'{"title": "In flight"}'
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path)) as server:
        with signed_in(server, "ann") as client, server.connected() as idle, server.connected() as busy:
            token = f"Authorization: {client.headers['Authorization']}"
            busy.sendall(
                request(
                    "POST",
                    TASKS,
                    "Content-Type: application/json",
                    token,
                    f"Content-Length: {len(body)}",
                    body=body[:5],
                )
            )
            idle.sendall(request("GET", "/health"))
            idle_answer = b""
            while b"healthy" not in idle_answer:
                idle_answer += idle.recv(65536)
            server.process.send_signal(signal.SIGTERM)
            assert server.refuses_connections()
            assert read_to_end(idle) == b""
            assert server.process.poll() is None
            busy.sendall(body[5:])
            assert read_to_end(busy).startswith(b"HTTP/1.1 201")
        began = time.monotonic()
        server.process.wait(10)
        assert time.monotonic() - began < 5
        assert "Traceback" not in server.log


def test_several_workers_serve_as_one(tmp_path: Path, sqlite_template: Path) -> None:
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), workers=2) as server:
        assert len(server.workers()) == 2
        with signed_in(server, "ann") as client:
            task = client.post(TASKS, json={"title": "x"}).json()
            field = {"Authorization": client.headers["Authorization"]}

            def alone(n: int) -> int:
                """On a connection of its own, which any worker may take."""
                with httpx2.Client(base_url=server.url, headers=field, timeout=30, trust_env=False) as another:
                    assert another.get(f"{TASKS}/{task['id']}").json() == task
                    return another.post(TASKS, json={"title": f"{n}"}).status_code

            with ThreadPoolExecutor(4) as many:
                assert set(many.map(alone, range(20))) == {201}
            assert client.get(TASKS).json()["total"] == 21
        assert server.stop() < 10
        assert "Traceback" not in server.log


def half_a_request(connection: socket.socket, client: httpx2.Client, body: bytes) -> None:
    connection.sendall(
        request(
            "POST",
            TASKS,
            "Content-Type: application/json",
            f"Authorization: {client.headers['Authorization']}",
            f"Content-Length: {len(body)}",
            body=body[:5],
        )
    )


def test_told_to_stop_every_worker_ends_what_it_began_and_none_is_left(tmp_path: Path, sqlite_template: Path) -> None:
    body = b'{"title": "In flight"}'
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), workers=2) as server:
        workers = server.workers()
        with signed_in(server, "ann") as client, ExitStack() as stack:
            busy = [stack.enter_context(server.connected()) for _ in range(8)]
            for connection in busy:
                half_a_request(connection, client, body)
            server.process.send_signal(signal.SIGTERM)
            assert server.refuses_connections()
            assert server.process.poll() is None
            for connection in busy:
                connection.sendall(body[5:])
            assert {read_to_end(connection)[:12] for connection in busy} == {b"HTTP/1.1 201"}
        assert server.process.wait(10) == 0
        assert [worker for worker in workers if worker.is_running()] == []
        assert "Traceback" not in server.log


def test_workers_whose_parent_was_killed_end_too(tmp_path: Path, sqlite_template: Path) -> None:
    body = b'{"title": "In flight"}'
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), workers=2) as server:
        workers = server.workers()
        with signed_in(server, "ann") as client, server.connected() as busy:
            half_a_request(busy, client, body)
            server.process.kill()
            assert server.refuses_connections()
            busy.sendall(body[5:])
            assert read_to_end(busy).startswith(b"HTTP/1.1 201")
        server.process.wait(10)
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert alive == []
        assert "Traceback" not in server.log
