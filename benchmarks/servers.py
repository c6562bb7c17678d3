"""Start the measured processes, read their CPU time and memory, and send single requests."""

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

TIMEOUT: Final = 20.0
"""Seconds to wait for a process to start or stop."""
MIB: Final = 1024 * 1024

TASK_MANAGER: Final = str(Path(sys.executable).with_name("task-manager"))
UNLIMITED: Final = "999999999/minute"
COMMON_ENVIRONMENT: Final = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "a-secret-key-for-the-benchmark-only",
    "ACCESS_TOKEN_EXPIRE_MINUTES": "600",
    "ALLOWED_ORIGINS": "https://example.com",
    "MAIL_URL": "smtp://localhost",
    "FILES_QUOTA_BYTES": str(1024 * 1024 * MIB),
    "JOBS_IN_PROCESS": "false",
    "LOG_LEVEL": "INFO",
    **{f"RATE_LIMIT_{kind}": UNLIMITED for kind in ("READ", "WRITE", "LOGIN", "REGISTER")},
}

ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class MeasuredProcess:
    """A process whose resources are measured, with its children."""

    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return the user and system time used so far."""
        used = [process.cpu_times() for process in self._processes]
        return sum((times.user + times.system for times in used), start=0.0)

    def memory_mib(self) -> float:
        """Return the resident memory."""
        return sum((process.memory_info().rss for process in self._processes), start=0) / MIB

    @property
    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@dataclass(frozen=True, slots=True)
class Server(MeasuredProcess):
    """A process that serves HTTP on a port of this machine."""

    port: int

    def request(self, method: str, path: str, *, token: str | None = None, body: object = None) -> tuple[int, Any]:
        """Send one request. Return the status and the JSON body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@contextmanager
def service(database_url: str) -> Iterator[Server]:
    """Run `task-manager serve` with one worker on a migrated database."""
    port = free_port()
    with _serve([TASK_MANAGER, "serve", "--port", str(port), "--workers", "1"], port, database_url) as server:
        yield server


@contextmanager
def baseline(database_url: str) -> Iterator[Server]:
    """Run the baseline server on a migrated database."""
    port = free_port()
    with _serve([sys.executable, "-m", "benchmarks.baseline.server", str(port)], port, database_url) as server:
        yield server


@contextmanager
def worker(database_url: str, mails: Path) -> Iterator[MeasuredProcess]:
    """Run `task-manager worker`, which writes mails to the folder `mails`."""
    command, given = [TASK_MANAGER, "worker"], {"MAIL_URL": mails.as_uri()}
    with _run(command, database_url, lambda log: b"running jobs" in log.read_bytes(), given) as running:
        yield running


@contextmanager
def seeder(database_url: str, username: str, tasks: int) -> Iterator[MeasuredProcess]:
    """Run `task-manager seed` with a fixed seed."""
    command = [TASK_MANAGER, "seed", "--force", "--seed", "1", "--username", username, "--tasks", str(tasks)]
    with _run(command, database_url, lambda _: True) as running:
        yield running


@contextmanager
def _serve(command: Sequence[str], port: int, database_url: str) -> Iterator[Server]:
    with _run(command, database_url, lambda _: _is_listening(port)) as running:
        yield Server(running.process, port)


@contextmanager
def _run(
    command: Sequence[str],
    database_url: str,
    is_ready: Callable[[Path], bool],
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[MeasuredProcess]:
    """Run a command and stop it afterwards.

    Raises:
        RuntimeError: The process ended before it was ready, or failed before it was stopped. Contains its log.
    """
    with TemporaryDirectory() as directory:  # without an .env file or data of other runs
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
            yield MeasuredProcess(psutil.Process(process.pid))
            if process.poll():
                raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()}")
        finally:
            process.terminate()
            try:
                process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(database_url: str) -> Mapping[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**inherited, **COMMON_ENVIRONMENT, "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}


def _wait_for(process: subprocess.Popen[bytes], log: Path, is_ready: Callable[[Path], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        if is_ready(log):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{' '.join(map(str, process.args))} did not start:\n{log.read_text()}")  # type: ignore[arg-type]


def _is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
