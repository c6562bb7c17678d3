"""The service in a process of its own, as operators run it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, Self

import psutil

from tests.entrypoints.http.given import SECRET_KEY
from tests.servers.ports import free_port

COMMAND: Final = Path(sys.executable).with_name("task-manager")
HOST: Final = "127.0.0.1"
TIMEOUT: Final = 60.0
"""Seconds to start or stop on a busy machine."""


class ServerProcess:
    """`task-manager serve` on a free port, in a directory of its own."""

    command = COMMAND
    health = "/health"
    umask = -1
    """The umask of the process; -1 means that of the tests."""

    def __init__(self, directory: Path, database_url: str, workers: int = 1, **environment: str) -> None:
        self.directory = directory
        self.environment = {
            "PATH": os.defpath,
            "TMPDIR": str(directory),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "DATABASE_URL": database_url,
            "SECRET_KEY": SECRET_KEY,
            "PORT": str(free_port()),
            "WORKERS": str(workers),
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def arguments(self) -> list[str | Path]:
        return [self.command, "serve"]

    @property
    def port(self) -> int:
        return int(self.environment["PORT"])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    @property
    def memory(self) -> int:
        """Return the resident memory of the process and its workers in bytes."""
        first = psutil.Process(self.process.pid)
        return sum(process.memory_info().rss for process in (first, *first.children(recursive=True)))

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.arguments,
                cwd=self.directory,
                env=self.environment,
                umask=self.umask,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + TIMEOUT
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop the process. Raise TimeoutExpired if it does not end."""
        for process in self._processes() if number is signal.SIGKILL else [self.process]:
            process.send_signal(number)
        self.process.wait(TIMEOUT)

    def workers(self) -> list[psutil.Process]:
        """Return the worker processes, if there are several."""
        return workers_of(psutil.Process(self.process.pid))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGKILL)

    def refuses_connections(self) -> bool:
        """Return whether the server refuses connections before the timeout."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            try:
                socket.create_connection((HOST, self.port)).close()
            except ConnectionError:
                return True
            time.sleep(0.01)
        return False

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection((HOST, self.port), timeout=TIMEOUT) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield connection

    def exchange(self, sent: bytes) -> bytes:
        """Send bytes and return everything that the server sends until it closes the connection."""
        with self.connected() as connection:
            connection.sendall(sent)
            return read_to_end(connection)

    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def _answers(self) -> bool:
        """Send a request without httpx2.get, which takes 70 ms of CPU time to load certificates."""
        connection = HTTPConnection(HOST, self.port, timeout=TIMEOUT)
        try:
            connection.request("GET", self.health)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def copy_of(template: Path, directory: Path) -> str:
    path = directory / "tasks.db"
    path.write_bytes(template.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


def read_to_end(connection: socket.socket) -> bytes:
    received = bytearray()
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            return bytes(received)
        if not part:
            return bytes(received)
        received += part


def request(method: str, path: str, *fields: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: tasks.test", *fields, "", ""]).encode() + body


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def workers_of(parent: psutil.Process) -> list[psutil.Process]:
    """Return the worker processes of a service, without those that have just ended."""
    workers = []
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                workers.append(child)
    return workers
