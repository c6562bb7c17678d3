"""`task-manager backup` and `restore` as operators run them."""

import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.entrypoints.http.given import SECRET_KEY
from tests.entrypoints.http.service_process import COMMAND
from tests.servers import installation

PATIENCE: Final = 120.0
PROGRAMS: Final = f"{installation.client_programs()}:{os.defpath}"
"""On the path: those of the server of the tests."""


def task_manager(*arguments: str | Path, url: str, path: str = PROGRAMS, **environment: str) -> tuple[int, str]:
    """How it ended, and what it told. It runs where nothing is."""
    given = {"PATH": path, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "SECRET_KEY": SECRET_KEY}
    with TemporaryDirectory() as place:
        done = subprocess.run(
            [COMMAND, *arguments],
            env=given | {"DATABASE_URL": url} | environment,
            cwd=place,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    return done.returncode, done.stdout + done.stderr


def backed_up(url: str, file: Path, **environment: str) -> Path:
    code, told = task_manager("backup", file, url=url, **environment)
    assert code == 0, told
    return file


def require_refused(*arguments: str | Path, url: str, path: str = PROGRAMS, **environment: str) -> str:
    """In a sentence."""
    code, told = task_manager(*arguments, url=url, path=path, **environment)
    assert code == 2, told
    assert "Traceback" not in told
    return told


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content
