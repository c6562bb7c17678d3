"""The processes that are measured, and what they are asked before and beside the load."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import psutil

from tests.servers.ports import free_port

PATIENCE: Final = 20.0
"""Seconds to start or to stop."""
MIB: Final = 1024 * 1024

TASK_MANAGER: Final = str(Path(sys.executable).with_name("task-manager"))
UNLIMITED: Final = "999999999/minute"
COMMON_ENVIRONMENT: Final = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "a-key-that-only-the-benchmark-signs-with",
    "ACCESS_TOKEN_EXPIRE_MINUTES": "600",
    "ALLOWED_ORIGINS": "https://example.com",
    "FILES_QUOTA_BYTES": str(1024 * 1024 * MIB),
    "JOBS_IN_PROCESS": "false",
    "LOG_LEVEL": "INFO",
    **{f"RATE_LIMIT_{kind}": UNLIMITED for kind in ("READ", "WRITE", "LOGIN", "REGISTER")},
}

ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Program:
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """User and system time that the process and its children have used so far."""
        used = [process.cpu_times() for process in self._all]
        return sum((times.user + times.system for times in used), start=0.0)

    def memory_mib(self) -> float:
        """Resident, of the process and its children."""
        return sum((process.memory_info().rss for process in self._all), start=0) / MIB

    @property
    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@dataclass(frozen=True, slots=True)
class Server(Program):
    port: int

    def ask(self, method: str, path: str, *, token: str | None = None, body: object = None) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@contextmanager
def ours(database_url: str) -> Iterator[Server]:
    """`task-manager serve`, one worker, on a database that is migrated."""
    port = free_port()
    with _serving([TASK_MANAGER, "serve", "--port", str(port), "--workers", "1"], port, database_url) as server:
        yield server


@contextmanager
def floor(database_url: str) -> Iterator[Server]:
    port = free_port()
    with _serving([sys.executable, "-m", "benchmarks.floor", str(port)], port, database_url) as server:
        yield server


@contextmanager
def worker(database_url: str, mails: Path) -> Iterator[Program]:
    """`task-manager worker`, which writes mails into that folder."""
    command, given = [TASK_MANAGER, "worker"], {"MAIL_URL": mails.as_uri()}
    with _running(command, database_url, lambda log: b"doing jobs" in log.read_bytes(), given) as program:
        yield program


@contextmanager
def seeder(database_url: str, username: str, tasks: int) -> Iterator[Program]:
    """`task-manager seed`, of the same tasks every time."""
    command = [TASK_MANAGER, "seed", "--force", "--seed", "1", "--username", username, "--tasks", str(tasks)]
    with _running(command, database_url, lambda _: True) as program:
        yield program


@contextmanager
def _serving(command: Sequence[str], port: int, database_url: str) -> Iterator[Server]:
    with _running(command, database_url, lambda _: _accepts(port)) as program:
        yield Server(program.process, port)


@contextmanager
def _running(
    command: Sequence[str],
    database_url: str,
    is_ready: Callable[[Path], bool],
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Program]:
    """Raises RuntimeError, with its log, if it ends before it is ready, or badly before it is told to."""
    with TemporaryDirectory() as directory:  # where no .env and no data of somebody's lies
        log = Path(directory) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env={**_environment(database_url), **environment},
                stdout=output,
                stderr=output,
            )
        try:
            _wait_for(process, log, is_ready)
            yield Program(psutil.Process(process.pid))
            if process.poll():
                raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()}")
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(database_url: str) -> Mapping[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**inherited, **COMMON_ENVIRONMENT, "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}


def _wait_for(process: subprocess.Popen[bytes], log: Path, is_ready: Callable[[Path], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if is_ready(log):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{' '.join(map(str, process.args))} does not start:\n{log.read_text()}")  # type: ignore[arg-type]


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
