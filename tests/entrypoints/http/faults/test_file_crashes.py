"""Uploads to a server that is killed, that has a full disk, or that many clients use at once."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx2
import psutil
import pytest

from application.files.keys import STORE_ID_KEY
from tests.entrypoints.http.given import FILES, TASKS
from tests.entrypoints.http.server.test_server_lifecycle import logged_in
from tests.entrypoints.http.service_process import ServerProcess, copy_of, read_to_end, request

pytestmark = pytest.mark.xdist_group("server")

MEGABYTE: Final = 1_000_000
HEAD: Final = b'--x\r\nContent-Disposition: form-data; name="file"; filename="notes.txt"\r\n\r\n'
END: Final = b"\r\n--x--\r\n"


@pytest.fixture
def server(tmp_path: Path, sqlite_template: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path)) as server:
        yield server


@pytest.fixture
def ann(server: ServerProcess) -> Iterator[httpx2.Client]:
    with logged_in(server) as client:
        yield client


def stored(tmp_path: Path) -> list[Path]:
    """Return the stored contents, complete or not."""
    store = tmp_path / "data" / "files"
    return [path for path in store.rglob("*") if path.is_file() and path != store / STORE_ID_KEY]


def start_upload(server: ServerProcess, client: httpx2.Client, size: int) -> socket.socket:
    """Send an upload of `size` bytes without its end."""
    token = f"Authorization: {client.headers['Authorization']}"
    length = f"Content-Length: {len(HEAD) + size + len(END)}"
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(
        request("POST", FILES, token, "Content-Type: multipart/form-data; boundary=x", length, "Connection: close")
    )
    connection.sendall(HEAD + b"x" * size)
    return connection


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_kill_9_during_an_upload_leaves_no_file_and_keeps_acknowledged_ones(
    server: ServerProcess, ann: httpx2.Client, tmp_path: Path
) -> None:
    kept = ann.post(FILES, files={"file": ("notes.txt", b"hello")}).json()
    with start_upload(server, ann, 3 * MEGABYTE):
        wait_for(lambda: len(stored(tmp_path)) == 2)
        server.stop(signal.SIGKILL)
    with server:
        assert ann.get(FILES).json()["items"] == [kept]
        assert ann.get(f"{FILES}/{kept['id']}/content").content == b"hello"


def test_an_upload_aborted_by_the_client_leaves_nothing(
    server: ServerProcess, ann: httpx2.Client, tmp_path: Path
) -> None:
    with start_upload(server, ann, 3 * MEGABYTE):
        wait_for(lambda: len(stored(tmp_path)) == 1)
    wait_for(lambda: not stored(tmp_path))

    assert ann.get(FILES).json()["total"] == 0


def test_a_full_disk_returns_503_and_everything_else_works(
    server: ServerProcess, ann: httpx2.Client, tmp_path: Path
) -> None:
    room = 2 * MEGABYTE
    psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_FSIZE, (room, room))
    response = ann.post(FILES, files={"file": ("notes.txt", b"x" * 4 * MEGABYTE)})

    assert (response.status_code, response.json()["error_code"]) == (503, "SERVICE_UNAVAILABLE")
    assert int(response.headers["Retry-After"]) >= 1
    assert stored(tmp_path) == []
    assert "File too large" in server.log
    assert ann.post(TASKS, json={"title": "x"}).status_code == 201
    assert ann.post(FILES, files={"file": ("notes.txt", b"x")}).status_code == 201


def test_concurrent_uploads_are_not_held_in_memory(server: ServerProcess, ann: httpx2.Client, tmp_path: Path) -> None:
    ann.post(FILES, files={"file": ("notes.txt", b"x" * 5 * MEGABYTE)})
    before = server.memory
    with ExitStack() as connections:
        uploads = [connections.enter_context(start_upload(server, ann, 5 * MEGABYTE)) for _ in range(16)]
        wait_for(lambda: sum(path.stat().st_size for path in stored(tmp_path)) > 17 * 4.5 * MEGABYTE)
        assert server.memory - before < 16 * MEGABYTE
        for upload in uploads:
            upload.sendall(END)
            assert read_to_end(upload).startswith(b"HTTP/1.1 201 ")
