"""Bytes on a socket, which may be no valid request."""

import select
import socket
from typing import Final

import httpx2
import pytest

from tests.entrypoints.http.given import LOGIN, TASKS
from tests.entrypoints.http.service_process import ServerProcess, read_to_end, request

pytestmark = pytest.mark.xdist_group("server")

MEGABYTE: Final = 1_000_000
JSON: Final = "Content-Type: application/json"
CLOSE: Final = "Connection: close"
HEALTH: Final = request("GET", "/health")

INVALID_REQUESTS: Final[dict[str, bytes]] = {
    "binary data": b"\x00\xff\x00\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "no version": b"GET /health HTTP\r\n\r\n",
    "an unknown version": b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
    "a space before the colon": b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
    "a field without name": b"GET /health HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
    "NUL in a field": b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    "a folded field": b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "a length and chunks": request("POST", LOGIN, "Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "two lengths": request("POST", LOGIN, "Content-Length: 1", "Content-Length: 2", body=b"{}"),
    "a negative length": request("POST", LOGIN, "Content-Length: -1"),
    "a length of 5,000 digits": request("POST", LOGIN, JSON, f"Content-Length: {'9' * 5000}"),
    "a length that is not a number": request("POST", LOGIN, JSON, "Content-Length: 1x"),
    "an unknown transfer coding": request("POST", LOGIN, JSON, "Transfer-Encoding: chunked, x", body=b"0\r\n\r\n"),
    "a chunk without a size": request("POST", LOGIN, JSON, "Transfer-Encoding: chunked", body=b"x\r\n"),
}


def send(connection: socket.socket, part: bytes, max_bytes: int) -> int:
    """Send until there is a response or the server stops reading. Return the number of bytes sent."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    connection.setblocking(False)
    sent = 0
    while sent < max_bytes:
        readable, writable, _ = select.select([connection], [connection], [], 30)
        if readable or not writable:
            break
        try:
            sent += connection.send(part[sent % len(part) :])
        except (BrokenPipeError, ConnectionResetError):
            break
    connection.setblocking(True)
    return sent


def status_line(response: bytes) -> bytes:
    return response.partition(b"\r\n")[0]


def test_a_body_over_the_limit_is_rejected_without_being_read(server: ServerProcess) -> None:
    before = server.memory
    with server.connected() as connection:
        connection.sendall(request("POST", LOGIN, JSON, f"Content-Length: {300 * MEGABYTE}"))
        response = read_to_end(connection)

    assert response.startswith(b"HTTP/1.1 413 ")
    assert b"PAYLOAD_TOO_LARGE" in response
    assert server.memory - before < 20 * MEGABYTE


@pytest.mark.parametrize(
    ("path", "has_length", "status"),
    [
        (LOGIN, True, b"413"),
        (LOGIN, False, b"413"),
        (TASKS, True, b"401"),
        (TASKS, False, b"401"),
        ("/x", True, b"404"),
    ],
)
def test_an_endless_body_is_rejected_early_and_needs_no_memory(
    server: ServerProcess, path: str, has_length: bool, status: bytes
) -> None:
    before = server.memory
    header = f"Content-Length: {300 * MEGABYTE}" if has_length else "Transfer-Encoding: chunked"
    part = b" " * 65536 if has_length else b"10000\r\n" + b" " * 65536 + b"\r\n"
    with server.connected() as connection:
        connection.sendall(request("POST", path, JSON, header))
        sent = send(connection, part, 300 * MEGABYTE)
        response = connection.recv(65536)
        send(connection, part[sent % len(part) :] + part[: sent % len(part)], 60 * MEGABYTE)

    assert response.startswith(b"HTTP/1.1 " + status)
    assert sent < 20 * MEGABYTE
    assert server.memory - before < 20 * MEGABYTE


def test_a_response_before_the_end_of_the_body_closes_the_connection(server: ServerProcess) -> None:
    """The rest of the body must not be parsed as a request (request smuggling)."""
    smuggled = request("GET", "/health", "X-Request-ID: smuggled")
    for head in (f"Content-Length: {300 * MEGABYTE}", f"Content-Length: {len(smuggled)}"):
        for path in (LOGIN, TASKS):
            response = server.exchange(request("POST", path, JSON, head, CLOSE, body=smuggled))
            assert response.count(b"HTTP/1.1 ") == 1
            assert b"smuggled" not in response


def test_pipelined_requests_are_answered_in_order(server: ServerProcess) -> None:
    ids = [f"request-{n}" for n in range(10)]
    sent = b"".join(request("GET", "/health", f"X-Request-ID: {id}") for id in ids)
    response = server.exchange(sent + request("GET", "/nothing", CLOSE))

    assert response.count(b"HTTP/1.1 200 OK") == 10
    assert status_line(response[response.rindex(b"HTTP/1.1") :]).startswith(b"HTTP/1.1 404")
    positions = [response.index(id.encode()) for id in ids]
    assert positions == sorted(positions)


@pytest.mark.parametrize("invalid", INVALID_REQUESTS.values(), ids=INVALID_REQUESTS)
def test_an_invalid_request_is_rejected_and_the_connection_closed(server: ServerProcess, invalid: bytes) -> None:
    for before in (b"", HEALTH):
        response = server.exchange(before + invalid)
        last = response[response.rindex(b"HTTP/1.1") :]
        assert status_line(last).split()[1] in {b"400", b"413"}
        assert b"Traceback" not in response
    assert httpx2.get(f"{server.url}/health", trust_env=False).status_code == 200


def test_responses_do_not_name_the_server_software(server: ServerProcess) -> None:
    for path in ("/health", "/nothing", TASKS, "/docs"):
        response = server.exchange(request("GET", path, CLOSE)).lower()
        assert b"\r\nserver:" not in response
        assert b"uvicorn" not in response


def test_an_unknown_method_is_rejected_and_not_logged(server: ServerProcess) -> None:
    for method in ("PROPFIND", "M-SEARCH", "CANARY", "\x1b[31mGET", "get", "G" * 100_000):
        response = server.exchange(request(method, TASKS, CLOSE))
        assert status_line(response).split()[1] in {b"400", b"405"}
    assert "_OTHER" in server.log
    for method in ("PROPFIND", "M-SEARCH", "CANARY", "[31mGET", "GGGG"):
        assert method not in server.log


@pytest.mark.parametrize("path", ["/health", TASKS, "/nowhere", "/docs", "/openapi.json"])
def test_a_response_to_head_has_no_body(server: ServerProcess, path: str) -> None:
    head, _, body = server.exchange(request("HEAD", path, CLOSE)).partition(b"\r\n\r\n")
    assert b"\r\ncontent-length: " in head
    assert body == b""
