"""What was promised with an account's creation is mailed, whoever is killed in between."""

import email
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.policy import default
from pathlib import Path

import httpx2
import pytest

from tests.entrypoints.http.given import REGISTER, RESET, an_account
from tests.entrypoints.http.service_process import COMMAND, PATIENCE, ServerProcess, copy_of

pytestmark = pytest.mark.xdist_group("server")


def texts(folder: Path) -> list[str]:
    """Of all mails that were sent."""
    files = (path.read_bytes() for path in folder.glob("*.eml"))
    return [email.message_from_bytes(file, policy=default).get_content() for file in files]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def worker(server: ServerProcess, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`task-manager worker` beside or after the server, over the same storage."""
    process = subprocess.Popen(
        [COMMAND, "worker"], cwd=server.directory, env=server.environment | environment, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    if request.param == "sqlite":
        return copy_of(sqlite_template, tmp_path)
    url: str = request.getfixturevalue("postgres_url")
    return url


def test_a_service_killed_after_it_answered_leaves_no_mail_unsent(tmp_path: Path, database_url: str) -> None:
    server = ServerProcess(
        tmp_path, database_url, JOBS_IN_PROCESS="false", MAIL_URL=f"file://{tmp_path}/mail", JOB_LEASE_SECONDS="1"
    )
    with server:
        assert httpx2.post(f"{server.url}{REGISTER}", json=an_account("ann")).status_code == 201
        assert httpx2.post(f"{server.url}{RESET}", json={"email": "ann@example.com"}).status_code == 202
        server.stop(signal.SIGKILL)
    assert texts(tmp_path / "mail") == []
    with worker(server) as process:
        wait_until(lambda: len(texts(tmp_path / "mail")) == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert any("token=" in text for text in texts(tmp_path / "mail"))


def test_a_worker_killed_in_the_middle_of_sending_leaves_it_to_the_next(tmp_path: Path, database_url: str) -> None:
    server = ServerProcess(tmp_path, database_url, JOBS_IN_PROCESS="false", JOB_LEASE_SECONDS="1")
    with server:
        assert httpx2.post(f"{server.url}{REGISTER}", json=an_account("ann")).status_code == 201
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        hanging.settimeout(PATIENCE)
        with worker(server, MAIL_URL=f"smtp://127.0.0.1:{hanging.getsockname()[1]}") as killed:
            asking, _ = hanging.accept()
            killed.send_signal(signal.SIGKILL)
            killed.wait(PATIENCE)
            asking.close()
    with worker(server, MAIL_URL=f"file://{tmp_path}/mail"):
        wait_until(lambda: len(texts(tmp_path / "mail")) == 1)


def test_the_service_itself_sends_where_no_worker_runs(tmp_path: Path, sqlite_template: Path) -> None:
    server = ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), MAIL_URL=f"file://{tmp_path}/mail")
    with server:
        assert httpx2.post(f"{server.url}{REGISTER}", json=an_account("ann")).status_code == 201
        wait_until(lambda: len(texts(tmp_path / "mail")) == 1)
        assert server.stop() < 10
    assert "Traceback" not in server.log


def test_a_mail_server_that_hangs_does_not_hold_up_the_end(tmp_path: Path, sqlite_template: Path) -> None:
    database_url = copy_of(sqlite_template, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        hanging.settimeout(PATIENCE)
        url = f"smtp://127.0.0.1:{hanging.getsockname()[1]}"
        server = ServerProcess(tmp_path, database_url, MAIL_URL=url, JOB_LEASE_SECONDS="1")
        with server:
            assert httpx2.post(f"{server.url}{REGISTER}", json=an_account("ann")).status_code == 201
            asking, _ = hanging.accept()
            with asking:
                assert server.stop() < 8
        assert "Traceback" not in server.log
    with worker(server, MAIL_URL=f"file://{tmp_path}/mail"):
        wait_until(lambda: len(texts(tmp_path / "mail")) == 1)
