"""Clients that do not come to the point, and those beside them that do."""

import asyncio
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Final

import httpx2
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from entrypoints.server.protocol import MAX_HEAD, PatientProtocol
from tests.entrypoints.http.given import LOGIN, REGISTER, TASKS, an_account
from tests.entrypoints.http.service_process import HOST, PATIENCE, ServerProcess, copy_of, read_to_end, request

pytestmark = pytest.mark.xdist_group("server")

JSON: Final = "Content-Type: application/json"
SHORT: Final = 0.3
LONG: Final = 20.0
"""Seconds, far above what any test takes."""


class ShortOfHeads(PatientProtocol):
    head_seconds = SHORT
    body_seconds = LONG


class ShortOfBodies(PatientProtocol):
    head_seconds = LONG
    body_seconds = SHORT


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(body)(scope, receive, send)


@contextmanager
def serving(protocol: type[PatientProtocol]) -> Iterator[int]:
    """The port of a server that speaks so, in a thread and on an event loop of its own."""
    config = uvicorn.Config(echo, lifespan="off", http=protocol, log_config=None, timeout_keep_alive=int(LONG))
    server = uvicorn.Server(config)
    with socket.create_server((HOST, 0)) as listener:
        thread = Thread(target=asyncio.run, args=[server.serve([listener])])
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port), timeout=PATIENCE) as connection:
        yield connection


def trickle(connection: socket.socket, part: bytes) -> bytes:
    """Sends it again and again until the connection ends, and answers what came back."""
    deadline, received = time.monotonic() + PATIENCE, b""
    connection.settimeout(SHORT / 10)
    while time.monotonic() < deadline:
        try:
            connection.sendall(part)
            answered = connection.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return received
        if not answered:
            return received
        received += answered
    raise AssertionError("it never ends")


def ask(connection: socket.socket) -> bytes:
    """One request, after which the connection is kept."""
    connection.sendall(request("POST", "/", "Content-Length: 4", body=b"body"))
    answer = b""
    while not answer.endswith(b"\r\n\r\nbody"):
        part = connection.recv(65536)
        assert part, answer
        answer += part
    return answer


class TestHeads:
    @pytest.fixture
    def port(self) -> Iterator[int]:
        with serving(ShortOfHeads) as port:
            yield port

    @pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX: y"])
    def test_one_that_does_not_come_ends_the_connection(self, port: int, begun: bytes) -> None:
        with connected(port) as connection:
            connection.sendall(begun)
            assert read_to_end(connection) == b""

    @pytest.mark.parametrize("part", [b"x", b"x: y\r\n", b"\r\n"])
    def test_one_that_trickles_does_so_too(self, port: int, part: bytes) -> None:
        begun = b"" if part == b"\r\n" else b"GET / HTTP/1.1\r\nHost: x\r\n"
        with connected(port) as connection:
            connection.sendall(begun)
            assert trickle(connection, part) == b""

    @pytest.mark.parametrize("part", [b"x", b"\r\n"])
    def test_the_next_request_of_a_connection_may_take_no_longer(self, port: int, part: bytes) -> None:
        with connected(port) as connection:
            ask(connection)
            if part != b"\r\n":
                connection.sendall(b"GET / HTTP/1.1\r\n")
            assert trickle(connection, part) == b""

    def test_a_connection_that_is_kept_may_be_quiet_for_longer(self, port: int) -> None:
        with connected(port) as connection:
            for _ in range(3):
                ask(connection)
                time.sleep(SHORT * 1.2)

    def test_a_body_may_take_longer(self, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(request("POST", "/", "Content-Length: 4", "Connection: close", body=b"bo"))
            time.sleep(SHORT * 1.2)
            connection.sendall(b"dy")
            assert read_to_end(connection).endswith(b"\r\n\r\nbody")


class TestBodies:
    @pytest.fixture
    def port(self) -> Iterator[int]:
        with serving(ShortOfBodies) as port:
            yield port

    def test_one_that_does_not_come_ends_the_connection(self, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(request("POST", "/", "Content-Length: 4", body=b"bo"))
            assert read_to_end(connection) == b""

    @pytest.mark.parametrize(
        ("field", "part"), [("Content-Length: 100000", b"x"), ("Transfer-Encoding: chunked", b"1\r\nx\r\n")]
    )
    def test_one_that_trickles_does_so_too(self, port: int, field: str, part: bytes) -> None:
        with connected(port) as connection:
            connection.sendall(request("POST", "/", field))
            assert trickle(connection, part) == b""

    def test_a_connection_that_is_kept_may_be_quiet_for_longer(self, port: int) -> None:
        with connected(port) as connection:
            for _ in range(3):
                ask(connection)
                time.sleep(SHORT * 1.2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("server")
    with ServerProcess(directory, copy_of(sqlite_template, directory)) as server:
        yield server


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many as a thousand connections need at both ends."""
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
def test_a_head_that_is_too_large_is_refused(server: ServerProcess, head: bytes) -> None:
    assert server.exchange(head).startswith(b"HTTP/1.1 400 ")


def test_one_just_below_is_not(server: ServerProcess) -> None:
    head = request("GET", "/health", f"X: {'x' * (MAX_HEAD - 200)}", "Connection: close")
    assert server.exchange(head).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: ",
        b"GET /health?",
        request("POST", LOGIN, JSON, "Transfer-Encoding: chunked", body=b"1\r\nx\r\n1;"),
        request("POST", LOGIN, JSON, "Transfer-Encoding: chunked", body=b"0\r\nX: "),
    ],
    ids=["a field", "the target", "a chunk's extension", "a trailer"],
)
def test_what_never_ends_costs_no_memory(server: ServerProcess, begun: bytes) -> None:
    before = server.memory
    with server.connected() as connection:
        connection.sendall(begun)
        assert trickle(connection, b"x" * 65536).startswith(b"HTTP/1.1 400 ")
    assert server.memory - before < 10_000_000


def test_beside_a_thousand_that_say_nothing_or_little_one_that_asks_is_served(
    many_files: None, tmp_path: Path, sqlite_template: Path
) -> None:
    begun = (b"", b"GET /health HTTP/1.1\r\nHost: ", request("POST", LOGIN, JSON, "Content-Length: 1000", body=b"{"))
    database_url = copy_of(sqlite_template, tmp_path)
    with ServerProcess(tmp_path, database_url, RATE_LIMIT_ENABLED="false") as server, ExitStack() as stack:
        others = [stack.enter_context(connected(server.port)) for _ in range(1000)]
        for number, other in enumerate(others):
            other.sendall(begun[number % 3])
        with httpx2.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as client:
            account = an_account("ann")
            assert client.post(REGISTER, json=account).status_code == 201
            login = client.post(LOGIN, json={"username": "ann", "password": account["password"]})
            client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
            for _ in range(20):
                assert client.post(TASKS, json={"title": "x"}).status_code == 201
            assert client.get(TASKS).json()["total"] == 20
