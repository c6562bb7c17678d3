"""What comes through a socket, and need not be a request."""

import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.entrypoints.http.given import LOGIN, TASKS
from tests.entrypoints.http.service_process import ServerProcess, copy_of, read_to_end, request

pytestmark = pytest.mark.xdist_group("server")

MEGABYTE: Final = 1_000_000
JSON: Final = "Content-Type: application/json"
CLOSE: Final = "Connection: close"
HEALTH: Final = request("GET", "/health")

GARBAGE: Final[dict[str, bytes]] = {
    "nonsense": b"\x00\xff\x00\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "no version": b"GET /health HTTP\r\n\r\n",
    "a version to come": b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
    "a space before the colon": b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
    "a field without name": b"GET /health HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
    "NUL in a field": b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    "a folded field": b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "length and chunks": request("POST", LOGIN, "Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "two lengths": request("POST", LOGIN, "Content-Length: 1", "Content-Length: 2", body=b"{}"),
    "a negative length": request("POST", LOGIN, "Content-Length: -1"),
    "a length of 5,000 digits": request("POST", LOGIN, JSON, f"Content-Length: {'9' * 5000}"),
    "a length that is no number": request("POST", LOGIN, JSON, "Content-Length: 1x"),
    "an unknown transfer coding": request("POST", LOGIN, JSON, "Transfer-Encoding: chunked, x", body=b"0\r\n\r\n"),
    "a chunk of no size": request("POST", LOGIN, JSON, "Transfer-Encoding: chunked", body=b"x\r\n"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("server")
    with ServerProcess(directory, copy_of(sqlite_template, directory)) as server:
        yield server


def send(connection: socket.socket, part: bytes, at_most: int) -> int:
    """The bytes sent until there was something to read, or nobody took any more."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    connection.setblocking(False)
    sent = 0
    while sent < at_most:
        readable, writable, _ = select.select([connection], [connection], [], 30)
        if readable or not writable:
            break
        try:
            sent += connection.send(part[sent % len(part) :])
        except (BrokenPipeError, ConnectionResetError):
            break
    connection.setblocking(True)
    return sent


def status_line(answer: bytes) -> bytes:
    return answer.partition(b"\r\n")[0]


def test_a_size_beyond_the_limit_is_refused_without_being_read(server: ServerProcess) -> None:
    before = server.memory
    with server.connected() as connection:
        connection.sendall(request("POST", LOGIN, JSON, f"Content-Length: {300 * MEGABYTE}"))
        answer = read_to_end(connection)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"PAYLOAD_TOO_LARGE" in answer
    assert server.memory - before < 20 * MEGABYTE


@pytest.mark.parametrize(
    ("path", "is_length_told", "status"),
    [
        (LOGIN, True, b"413"),
        (LOGIN, False, b"413"),
        (TASKS, True, b"401"),
        (TASKS, False, b"401"),
        ("/x", True, b"404"),
    ],
)
def test_whoever_sends_without_end_is_answered_soon_and_costs_no_memory(
    server: ServerProcess, path: str, is_length_told: bool, status: bytes
) -> None:
    before = server.memory
    field = f"Content-Length: {300 * MEGABYTE}" if is_length_told else "Transfer-Encoding: chunked"
    part = b" " * 65536 if is_length_told else b"10000\r\n" + b" " * 65536 + b"\r\n"
    with server.connected() as connection:
        connection.sendall(request("POST", path, JSON, field))
        sent = send(connection, part, 300 * MEGABYTE)
        answer = connection.recv(65536)
        send(connection, part[sent % len(part) :] + part[: sent % len(part)], 60 * MEGABYTE)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert sent < 20 * MEGABYTE
    assert server.memory - before < 20 * MEGABYTE


def test_an_answer_given_before_the_body_was_read_ends_the_connection(server: ServerProcess) -> None:
    """What follows is a body, and no request of anybody's."""
    smuggled = request("GET", "/health", "X-Request-ID: smuggled")
    for head in (f"Content-Length: {300 * MEGABYTE}", f"Content-Length: {len(smuggled)}"):
        for path in (LOGIN, TASKS):
            answer = server.exchange(request("POST", path, JSON, head, CLOSE, body=smuggled))
            assert answer.count(b"HTTP/1.1 ") == 1
            assert b"smuggled" not in answer


def test_requests_in_one_piece_are_answered_in_order(server: ServerProcess) -> None:
    names = [f"request-{n}" for n in range(10)]
    sent = b"".join(request("GET", "/health", f"X-Request-ID: {name}") for name in names)
    answer = server.exchange(sent + request("GET", "/nothing", CLOSE))

    assert answer.count(b"HTTP/1.1 200 OK") == 10
    assert status_line(answer[answer.rindex(b"HTTP/1.1") :]).startswith(b"HTTP/1.1 404")
    places = [answer.index(name.encode()) for name in names]
    assert places == sorted(places)


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_request_is_refused_and_the_connection_closed(server: ServerProcess, garbage: bytes) -> None:
    for before in (b"", HEALTH):
        answer = server.exchange(before + garbage)
        last = answer[answer.rindex(b"HTTP/1.1") :]
        assert status_line(last).split()[1] in {b"400", b"413"}
        assert b"Traceback" not in answer
    assert httpx2.get(f"{server.url}/health", trust_env=False).status_code == 200


def test_nothing_is_told_of_the_server_itself(server: ServerProcess) -> None:
    for path in ("/health", "/nothing", TASKS, "/docs"):
        answer = server.exchange(request("GET", path, CLOSE)).lower()
        assert b"\r\nserver:" not in answer
        assert b"uvicorn" not in answer


def test_a_method_that_nobody_knows_is_refused_and_not_written(server: ServerProcess) -> None:
    for method in ("PROPFIND", "M-SEARCH", "CANARY", "\x1b[31mGET", "get", "G" * 100_000):
        answer = server.exchange(request(method, TASKS, CLOSE))
        assert status_line(answer).split()[1] in {b"400", b"405"}
    assert "_OTHER" in server.log
    for method in ("PROPFIND", "M-SEARCH", "CANARY", "[31mGET", "GGGG"):
        assert method not in server.log


@pytest.mark.parametrize("path", ["/health", TASKS, "/nowhere", "/docs", "/openapi.json"])
def test_an_answer_to_head_has_no_body(server: ServerProcess, path: str) -> None:
    head, _, body = server.exchange(request("HEAD", path, CLOSE)).partition(b"\r\n\r\n")
    assert b"\r\ncontent-length: " in head
    assert body == b""
