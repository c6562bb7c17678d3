"""The commands of the service, as processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx2
import psutil
import typer

from benchmarks.servers import COMMON_ENVIRONMENT, ROOT

TIMEOUT: Final = 180.0
CHECKOUT: Final = Path(sys.executable).parent
"""The directory of the commands of this checkout."""


class Program:
    """A command that runs until it is stopped. A restart may use other settings or another version.

    Args:
        name: The name of the log.
        arguments: The arguments of `task-manager`.
        settings: Environment variables, in addition to those of all benchmarks.
        directory: Where it runs and writes its log.
    """

    def __init__(self, name: str, arguments: list[str], settings: Mapping[str, str], directory: Path) -> None:
        self.settings = dict(settings)
        self.commands = CHECKOUT
        self._arguments = arguments
        self._directory = directory
        self._log = directory / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [self.commands / "task-manager", *self._arguments],
                cwd=self._directory,
                env=environment(self.settings, self.commands),
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + TIMEOUT
        while not self._is_ready():
            if time.monotonic() > deadline or self._process.poll() is not None:
                typer.echo(self._output()[-3000:], err=True)
                raise TimeoutError(f"{self._log.stem} did not start")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the process with SIGTERM and wait for its end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(TIMEOUT)

    def kill(self) -> None:
        """Kill the process and its children at once."""
        if self._process is not None:
            first = psutil.Process(self._process.pid)
            for process in (first, *first.children(recursive=True)):
                process.kill()
            self._process.wait(TIMEOUT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def errors(self) -> int:
        """Return the number of errors in the log."""
        return self._log.read_text().count('"level":"error"') if self._log.exists() else 0

    def _is_ready(self) -> bool:
        raise NotImplementedError

    def _output(self) -> str:
        return self._log.read_bytes()[self._log_start :].decode()


class Instance(Program):
    """One instance of the service, with two processes."""

    def __init__(self, address: str, port: int, settings: Mapping[str, str], directory: Path) -> None:
        arguments = ["serve", "--host", address, "--port", str(port), "--workers", "2"]
        super().__init__(f"instance-{address}-{port}", arguments, settings, directory)
        self.url = f"http://{address}:{port}"

    def _is_ready(self) -> bool:
        return is_available(f"{self.url}/monitoring/health")


class Worker(Program):
    """A process that runs jobs."""

    def __init__(self, settings: Mapping[str, str], directory: Path) -> None:
        super().__init__("worker", ["worker"], settings, directory)

    def _is_ready(self) -> bool:
        return "running jobs" in self._output()


def run(
    arguments: list[str], settings: Mapping[str, str], directory: Path, commands: Path = CHECKOUT
) -> subprocess.CompletedProcess[str]:
    """Run a command of the service to its end.

    Raises:
        RuntimeError: It failed. Contains its output.
    """
    result = subprocess.run(
        [commands / "task-manager", *arguments],
        cwd=directory,
        env=environment(settings, commands),
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{result.stdout}\n{result.stderr}")
    return result


def environment(settings: Mapping[str, str], commands: Path = CHECKOUT) -> dict[str, str]:
    """Return the environment of a command. An installed version must not find the modules of this checkout."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    modules = {"PYTHONPATH": str(ROOT)} if commands == CHECKOUT else {}
    return {**inherited, **COMMON_ENVIRONMENT, **modules, **settings}


def wait_until_available(url: str) -> None:
    """Wait for a response with status 200.

    Raises:
        TimeoutError: There was none in time.
    """
    deadline = time.monotonic() + TIMEOUT
    while not is_available(url):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{url} is not ready")
        time.sleep(0.1)


def is_available(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False
