"""The service as operators run it: a process of its own, spoken to through sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import httpx2
import psutil

from tests.entrypoints.http.given import SECRET_KEY
from tests.servers.ports import free_port

COMMAND: Final = Path(sys.executable).with_name("task-manager")
HOST: Final = "127.0.0.1"
PATIENCE: Final = 30.0
"""Seconds to start or to stop, on a busy machine."""


class ServerProcess:
    """`task-manager serve` on a free port, in a directory that holds nothing but what it writes there."""

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
        """Bytes it and its workers have in memory."""
        first = psutil.Process(self.process.pid)
        return sum(process.memory_info().rss for process in (first, *first.children(recursive=True)))

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [COMMAND, "serve"], cwd=self.directory, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """The seconds it took to end."""
        began = time.monotonic()
        for process in self._processes() if number is signal.SIGKILL else [self.process]:
            process.send_signal(number)
        self.process.wait(PATIENCE)
        return time.monotonic() - began

    def workers(self) -> list[psutil.Process]:
        """Those that serve, where there are several."""
        children: list[psutil.Process] = psutil.Process(self.process.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGKILL)

    def refuses_connections(self) -> bool:
        """Whether it comes to that in time."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection((HOST, self.port)).close()
            except ConnectionError:
                return True
            time.sleep(0.01)
        return False

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection((HOST, self.port), timeout=PATIENCE) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield connection

    def exchange(self, sent: bytes) -> bytes:
        """All that is answered, to the end of the connection."""
        with self.connected() as connection:
            connection.sendall(sent)
            return read_to_end(connection)

    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health", trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False


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
