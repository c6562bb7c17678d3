import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.architecture.sources import ROOT
from tests.servers.ports import free_port

TASK_MANAGER: Final = Path(sys.executable).with_name("task-manager")
PATIENCE: Final = 30.0
"""Seconds for a server to start."""


@contextmanager
def served(directory: Path, port: int, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [TASK_MANAGER, "serve", *arguments],
        cwd=directory,
        env={"PATH": os.defpath, "MIGRATE_ON_START": "true", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stdout is not None
            pytest.fail(f"it ended: {process.stdout.read()}")
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/health").json() == {"status": "healthy"}:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    pytest.fail("it did not start")


def test_serve_migrates_first_where_told_to_and_stops_when_asked(tmp_path: Path) -> None:
    port = free_port()
    account = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
    with served(tmp_path, port, "--port", str(port)) as process:
        answer = httpx2.post(f"http://127.0.0.1:{port}/api/v1/auth/register", json=account)
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=PATIENCE)

    assert answer.status_code == 201
    assert "server" not in answer.headers
    assert process.returncode in {0, -signal.SIGTERM}
    assert f"http://127.0.0.1:{port}/docs" in told
    assert (tmp_path / "data/task-manager.db").exists()


def test_it_serves_while_its_code_is_watched(tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path, port, "--port", str(port), "--reload", STORAGE="memory"):
        assert httpx2.get(f"http://127.0.0.1:{port}/docs").status_code == 200


@pytest.mark.parametrize("by_option", [True, False])
def test_where_to_listen_is_an_option_or_a_setting(tmp_path: Path, by_option: bool) -> None:
    port, other = free_port(), free_port()
    arguments = ["--port", str(port), "--host", "127.0.0.1"] if by_option else []
    environment = {"PORT": str(other if by_option else port), "HOST": "127.0.0.2" if by_option else "127.0.0.1"}

    with served(tmp_path, port, *arguments, **environment, STORAGE="memory"), pytest.raises(httpx2.TransportError):
        httpx2.get(f"http://127.0.0.1:{other}/health")


def test_workers_know_each_others_tokens(tmp_path: Path) -> None:
    port = free_port()
    account = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
    url = f"http://127.0.0.1:{port}/api/v1"
    with served(tmp_path, port, "--port", str(port), "--workers", "2"):
        assert httpx2.post(f"{url}/auth/register", json=account).status_code == 201
        login = httpx2.post(f"{url}/auth/login", json={"username": "ann", "password": account["password"]}).json()
        headers = {"Authorization": f"Bearer {login['access_token']}"}
        statuses = {httpx2.get(f"{url}/users/me", headers=headers).status_code for _ in range(20)}

    assert statuses == {200}


BROKEN = """
from tests.entrypoints.toy_storage import ToyStorage

class Broken(ToyStorage):
    async def open(self):
        raise RuntimeError("out of order")
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_that_can_not_start_says_so_to_whoever_started_it(tmp_path: Path, workers: str) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "STORAGE": "broken:Broken",
        "PORT": str(free_port()),
        "WORKERS": workers,
    }
    done = subprocess.run(
        [TASK_MANAGER, "serve"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )

    assert done.returncode == 3
    assert "out of order" in done.stdout
