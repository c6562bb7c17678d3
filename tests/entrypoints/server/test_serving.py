"""`task-manager serve` as a process, with a generated secret key."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from typer.testing import CliRunner

from entrypoints.cli.app import app
from entrypoints.server import run as server
from tests.architecture.sources import ROOT
from tests.entrypoints.http.service_process import COMMAND
from tests.entrypoints.wiring.storages import BROKEN_STORAGE
from tests.servers.ports import free_port

TIMEOUT: Final = 60.0
"""Seconds for a server to start."""


@contextmanager
def serve(directory: Path, port: int, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", str(port), *arguments],
        cwd=directory,
        env={"PATH": os.defpath, "MIGRATE_ON_START": "true", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until_healthy(port, process)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=TIMEOUT)


def wait_until_healthy(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stdout is not None
            pytest.fail(f"it ended: {process.stdout.read()}")
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/health", verify=False).json() == {"status": "healthy"}:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    pytest.fail("it did not start")


def test_workers_migrate_the_database_and_share_it_and_a_generated_key(tmp_path: Path) -> None:
    port = free_port()
    account = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
    url = f"http://127.0.0.1:{port}/api/v1"
    with serve(tmp_path, port, "--workers", "2") as process:
        registered = httpx2.post(f"{url}/auth/register", json=account)
        login = httpx2.post(f"{url}/auth/login", json={"username": "ann", "password": account["password"]}).json()
        headers = {"Authorization": f"Bearer {login['access_token']}"}
        task = httpx2.post(f"{url}/tasks", json={"title": "x"}, headers=headers).json()

        def read_and_write(number: int) -> int:
            """Use a new connection, which either worker may accept."""
            with httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT, verify=False) as client:
                assert client.get(f"/tasks/{task['id']}").json() == task
                return client.post("/tasks", json={"title": f"{number}"}).status_code

        with ThreadPoolExecutor(4) as threads:
            statuses = set(threads.map(read_and_write, range(20)))
        total = httpx2.get(f"{url}/tasks", headers=headers).json()["total"]
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=TIMEOUT)

    assert registered.status_code == 201
    assert "server" not in registered.headers
    assert statuses == {201}
    assert total == 21
    assert process.returncode in {0, -signal.SIGTERM}
    assert f"http://127.0.0.1:{port}/docs" in output
    assert "Traceback" not in output
    assert (tmp_path / "data/task-manager.db").exists()


def test_in_reload_mode_it_serves_changed_code_whatever_folder_it_was_started_in(tmp_path: Path) -> None:
    port = free_port()
    for folder in server.CODE:
        shutil.copytree(folder, tmp_path / "code" / Path(folder).name)
    (started := tmp_path / "elsewhere").mkdir()
    with serve(started, port, "--reload", STORAGE="memory", PYTHONPATH=str(tmp_path / "code")):
        assert httpx2.get(f"http://127.0.0.1:{port}/docs").status_code == 200

        for path in (tmp_path / "code/entrypoints/http/api/operations").glob("monitoring_*.py"):
            path.write_text(path.read_text().replace('"healthy"', '"changed"'))
        deadline = time.monotonic() + TIMEOUT
        while health_status(port) != "changed":
            assert time.monotonic() < deadline, "it still serves the old code"
            time.sleep(0.05)


def health_status(port: int) -> str | None:
    try:
        return str(httpx2.get(f"http://127.0.0.1:{port}/health").json()["status"])
    except httpx2.TransportError:
        return None  # it restarts


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        ([], ("127.0.0.2", 8001, 3)),
        (["--host", "127.0.0.3", "--port", "8002", "--workers", "4"], ("127.0.0.3", 8002, 4)),
        (["--port", "0"], ("127.0.0.2", 0, 3)),
    ],
)
def test_options_have_priority_over_settings(
    empty_directory: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], address: tuple[str, int, int]
) -> None:
    served: list[Any] = []
    monkeypatch.setattr(server, "run", lambda host, port, *, workers, **_: served.append((host, port, workers)))
    environment = {"STORAGE": "memory", "HOST": "127.0.0.2", "PORT": "8001", "WORKERS": "3"}

    result = CliRunner(env=environment).invoke(app, ["serve", *arguments])

    assert result.exit_code == 0, result.output
    assert served == [address]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_failed_start_is_logged_and_exits_with_3(tmp_path: Path, workers: str) -> None:
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "STORAGE": BROKEN_STORAGE,
        "PORT": str(free_port()),
        "WORKERS": workers,
    }
    process = subprocess.run(
        [COMMAND, "serve"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=TIMEOUT
    )

    assert process.returncode == 3
    assert "out of order" in process.stdout
