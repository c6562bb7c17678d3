"""Run `task-manager backup` and `restore`."""

import os
import subprocess
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from typer.testing import CliRunner, Result

from entrypoints.cli.app import app
from tests.entrypoints.http.given import SECRET_KEY
from tests.entrypoints.http.service_process import COMMAND
from tests.servers import installation

TIMEOUT: Final = 120.0
PROGRAMS: Final = f"{installation.client_programs()}:{os.defpath}"
"""PATH with the client programs of the tests' PostgreSQL server."""


def task_manager(*arguments: str | Path, url: str, path: str = PROGRAMS, **environment: str) -> tuple[int, str]:
    """Run a command in this process and an empty working directory. Return its exit code and output."""

    def invoke() -> Result:
        runner = CliRunner(env={"PATH": path, "SECRET_KEY": SECRET_KEY, "DATABASE_URL": url} | environment)
        with TemporaryDirectory() as directory, chdir(directory):
            return runner.invoke(app, list(map(str, arguments)), catch_exceptions=False)

    with ThreadPoolExecutor(1) as thread:  # commands start an event loop, and the test may run in one
        result = thread.submit(invoke).result()
    return result.exit_code, result.output


def task_manager_process(*arguments: str | Path, url: str, **environment: str) -> tuple[int, str]:
    """Run a command as operators do, in a process of its own. Return its exit code and output."""
    settings = {"PATH": PROGRAMS, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "SECRET_KEY": SECRET_KEY}
    with TemporaryDirectory() as directory:
        process = subprocess.run(
            [COMMAND, *arguments],
            env=settings | {"DATABASE_URL": url} | environment,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    return process.returncode, process.stdout + process.stderr


def back_up(url: str, file: Path, **environment: str) -> Path:
    code, output = task_manager("backup", file, url=url, **environment)
    assert code == 0, output
    return file


def require_failure(*arguments: str | Path, url: str, path: str = PROGRAMS, **environment: str) -> str:
    """Check that the command fails with exit code 2. Return its error message."""
    code, output = task_manager(*arguments, url=url, path=path, **environment)
    assert code == 2, output
    return output


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content
