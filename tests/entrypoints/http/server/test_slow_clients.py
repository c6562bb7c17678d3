"""Slow clients lose their connection, and do not disturb other clients."""

import asyncio
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Final

import httpx2
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from entrypoints.server.protocol import DeadlineProtocol
from entrypoints.server.strict_protocol import MAX_HEAD
from tests.entrypoints.http.given import LOGIN, REGISTER, TASKS, an_account
from tests.entrypoints.http.service_process import HOST, TIMEOUT, ServerProcess, read_to_end, request

pytestmark = pytest.mark.xdist_group("server")

JSON: Final = "Content-Type: application/json"
SHORT: Final = 0.3
"""Seconds until the deadline under test."""

LONG: Final = 20.0
"""Seconds; longer than any test runs."""


class ShortHeadTimeout(DeadlineProtocol):
    head_timeout = SHORT
    body_timeout = LONG


class ShortBodyTimeout(DeadlineProtocol):
    head_timeout = LONG
    body_timeout = SHORT


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(body)(scope, receive, send)


@contextmanager
def serving(protocol: type[DeadlineProtocol]) -> Iterator[int]:
    """Run an echo server with this protocol in a thread. Yield its port."""
    config = uvicorn.Config(echo, lifespan="off", http=protocol, log_config=None, timeout_keep_alive=int(LONG))
    server = uvicorn.Server(config)
    with socket.create_server((HOST, 0)) as listener:
        thread = Thread(target=asyncio.run, args=[server.serve([listener])])
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(TIMEOUT)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port), timeout=TIMEOUT) as connection:
        yield connection


def trickle(connection: socket.socket, part: bytes) -> bytes:
    """Send `part` repeatedly until the server closes the connection. Return the response."""
    deadline, received = time.monotonic() + TIMEOUT, b""
    connection.settimeout(SHORT / 10)
    while time.monotonic() < deadline:
        try:
            connection.sendall(part)
            response = connection.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return received
        if not response:
            return received
        received += response
    raise AssertionError("the connection stays open")


def exchange(connection: socket.socket) -> bytes:
    """Send a request and read its response. The connection stays open."""
    connection.sendall(request("POST", "/", "Content-Length: 4", body=b"body"))
    response = b""
    while not response.endswith(b"\r\n\r\nbody"):
        part = connection.recv(65536)
        assert part, response
        response += part
    return response


class TestHeadTimeout:
    @pytest.fixture
    def port(self) -> Iterator[int]:
        with serving(ShortHeadTimeout) as port:
            yield port

    @pytest.mark.parametrize("start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX: y"])
    def test_a_missing_rest_closes_the_connection(self, port: int, start: bytes) -> None:
        with connected(port) as connection:
            connection.sendall(start)
            assert read_to_end(connection) == b""

    @pytest.mark.parametrize("part", [b"x", b"x: y\r\n", b"\r\n"])
    def test_a_slow_transfer_closes_the_connection(self, port: int, part: bytes) -> None:
        start = b"" if part == b"\r\n" else b"GET / HTTP/1.1\r\nHost: x\r\n"
        with connected(port) as connection:
            connection.sendall(start)
            assert trickle(connection, part) == b""

    @pytest.mark.parametrize("part", [b"x", b"\r\n"])
    def test_the_deadline_also_applies_to_the_next_request_of_a_connection(self, port: int, part: bytes) -> None:
        with connected(port) as connection:
            exchange(connection)
            if part != b"\r\n":
                connection.sendall(b"GET / HTTP/1.1\r\n")
            assert trickle(connection, part) == b""

    def test_an_idle_connection_stays_open_for_longer(self, port: int) -> None:
        with connected(port) as connection:
            for _ in range(3):
                exchange(connection)
                time.sleep(SHORT * 1.2)

    def test_the_body_may_arrive_later(self, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(request("POST", "/", "Content-Length: 4", "Connection: close", body=b"bo"))
            time.sleep(SHORT * 1.2)
            connection.sendall(b"dy")
            assert read_to_end(connection).endswith(b"\r\n\r\nbody")


class TestBodyTimeout:
    @pytest.fixture
    def port(self) -> Iterator[int]:
        with serving(ShortBodyTimeout) as port:
            yield port

    def test_a_missing_rest_closes_the_connection(self, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(request("POST", "/", "Content-Length: 4", body=b"bo"))
            assert read_to_end(connection) == b""

    @pytest.mark.parametrize(
        ("field", "part"), [("Content-Length: 100000", b"x"), ("Transfer-Encoding: chunked", b"1\r\nx\r\n")]
    )
    def test_a_slow_transfer_closes_the_connection(self, port: int, field: str, part: bytes) -> None:
        with connected(port) as connection:
            connection.sendall(request("POST", "/", field))
            assert trickle(connection, part) == b""

    def test_an_idle_connection_stays_open_for_longer(self, port: int) -> None:
        with connected(port) as connection:
            for _ in range(3):
                exchange(connection)
                time.sleep(SHORT * 1.2)


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Raise the limit of file descriptors for a thousand connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    "head",
    [
        request("GET", f"/health?{'x' * MAX_HEAD}"),
        request("GET", "/health", f"X: {'x' * MAX_HEAD}"),
        request("GET", "/health", *(f"X-{n}: {'x' * 1000}" for n in range(66))),
    ],
    ids=["target", "one field", "many fields"],
)
def test_too_large_a_head_is_rejected(server: ServerProcess, head: bytes) -> None:
    assert server.exchange(head).startswith(b"HTTP/1.1 400 ")


def test_a_head_just_below_the_limit_is_accepted(server: ServerProcess) -> None:
    head = request("GET", "/health", f"X: {'x' * (MAX_HEAD - 200)}", "Connection: close")
    assert server.exchange(head).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "start",
    [
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: ",
        b"GET /health?",
        request("POST", LOGIN, JSON, "Transfer-Encoding: chunked", body=b"1\r\nx\r\n1;"),
        request("POST", LOGIN, JSON, "Transfer-Encoding: chunked", body=b"0\r\nX: "),
    ],
    ids=["a field", "the target", "a chunk extension", "a trailer"],
)
def test_an_endless_element_needs_no_memory(server: ServerProcess, start: bytes) -> None:
    before = server.memory
    with server.connected() as connection:
        connection.sendall(start)
        assert trickle(connection, b"x" * 65536).startswith(b"HTTP/1.1 400 ")
    assert server.memory - before < 10_000_000


def test_a_client_is_served_next_to_a_thousand_slow_ones(many_descriptors: None, server: ServerProcess) -> None:
    starts = (b"", b"GET /health HTTP/1.1\r\nHost: ", request("POST", LOGIN, JSON, "Content-Length: 1000", body=b"{"))
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(server.port)) for _ in range(1000)]
        for number, connection in enumerate(slow):
            connection.sendall(starts[number % 3])
        with httpx2.Client(base_url=server.url, timeout=TIMEOUT, trust_env=False) as client:
            account = an_account("ann")
            assert client.post(REGISTER, json=account).status_code == 201
            login = client.post(LOGIN, json={"username": "ann", "password": account["password"]})
            client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
            for _ in range(20):
                assert client.post(TASKS, json={"title": "x"}).status_code == 201
            assert client.get(TASKS).json()["total"] == 20
