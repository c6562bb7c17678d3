"""How the server stops."""

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import httpx2
import psutil
import pytest

from tests.entrypoints.http.given import LOGIN, PASSWORD, REGISTER, TASKS, an_account
from tests.entrypoints.http.service_process import TIMEOUT, ServerProcess, copy_of, read_to_end, request

pytestmark = pytest.mark.xdist_group("server")

BODY: Final = b'{"title": "In flight"}'


@contextmanager
def logged_in(server: ServerProcess, username: str = "ann") -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        client.post(REGISTER, json=an_account(username))
        response = client.post(LOGIN, json={"username": username, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        yield client


def send_first_bytes(connection: socket.socket, client: httpx2.Client) -> None:
    """Start to create a task. `finish` sends the rest."""
    headers = (
        "Content-Type: application/json",
        f"Authorization: {client.headers['Authorization']}",
        f"Content-Length: {len(BODY)}",
    )
    connection.sendall(request("POST", TASKS, *headers, body=BODY[:5]))


def finish(connection: socket.socket) -> bytes:
    """Send the rest of the request. Return the response."""
    connection.sendall(BODY[5:])
    return read_to_end(connection)


def test_sigterm_finishes_requests_in_flight_and_accepts_no_new_ones(tmp_path: Path, sqlite_template: Path) -> None:
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path)) as server:
        with logged_in(server) as client, server.connected() as idle, server.connected() as busy:
            send_first_bytes(busy, client)
            idle.sendall(request("GET", "/health"))
            response = b""
            while b"healthy" not in response:
                response += idle.recv(65536)
            server.process.send_signal(signal.SIGTERM)
            assert server.refuses_connections()
            assert read_to_end(idle) == b""
            assert server.process.poll() is None
            assert finish(busy).startswith(b"HTTP/1.1 201")
        server.process.wait(TIMEOUT)
        assert "Traceback" not in server.log


def test_sigterm_finishes_the_requests_of_all_workers_and_stops_them(tmp_path: Path, sqlite_template: Path) -> None:
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), workers=2) as server:
        workers = server.workers()
        assert len(workers) == 2
        with logged_in(server) as client, ExitStack() as stack:
            busy = [stack.enter_context(server.connected()) for _ in range(8)]
            for connection in busy:
                send_first_bytes(connection, client)
            server.process.send_signal(signal.SIGTERM)
            assert server.refuses_connections()
            assert server.process.poll() is None
            assert {finish(connection)[:12] for connection in busy} == {b"HTTP/1.1 201"}
        assert server.process.wait(10) == 0
        assert [worker for worker in workers if worker.is_running()] == []
        assert "Traceback" not in server.log


def test_workers_stop_gracefully_when_their_parent_is_killed(tmp_path: Path, sqlite_template: Path) -> None:
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), workers=2) as server:
        workers = server.workers()
        with logged_in(server) as client, server.connected() as busy:
            send_first_bytes(busy, client)
            server.process.kill()
            assert server.refuses_connections()
            assert finish(busy).startswith(b"HTTP/1.1 201")
        server.process.wait(10)
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert alive == []
        assert "Traceback" not in server.log
