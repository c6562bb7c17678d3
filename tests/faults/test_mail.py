"""Mails are sent although the service or a worker is killed in between."""

import email
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.policy import default
from pathlib import Path

import httpx2
import pytest
from dependency_injector import providers

from application.identity.registration import RegisterUser
from entrypoints.wiring.container import Container, open_container
from tests.conftest import run_in_thread
from tests.entrypoints.given import make_settings
from tests.entrypoints.http.given import REGISTER, RESET, an_account
from tests.entrypoints.http.service_process import COMMAND, TIMEOUT, ServerProcess, copy_of, wait_until

pytestmark = pytest.mark.xdist_group("server")


def texts(folder: Path) -> list[str]:
    """Return the texts of all sent mails."""
    files = (path.read_bytes() for path in folder.glob("*.eml"))
    return [email.message_from_bytes(file, policy=default).get_content() for file in files]


@contextmanager
def worker(server: ServerProcess, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `task-manager worker` over the storage of the server."""
    process = subprocess.Popen(
        [COMMAND, "worker"], cwd=server.directory, env=server.environment | environment, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(TIMEOUT)


async def register(database_url: str) -> None:
    """Create an account, which queues a welcome mail."""
    container = Container(settings=providers.Object(make_settings(database_url=database_url)))
    async with open_container(container):
        await container.services().accounts.register(RegisterUser(**an_account("ann")))


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    if request.param == "sqlite":
        return copy_of(sqlite_template, tmp_path)
    url: str = request.getfixturevalue("postgres_url")
    return url


def test_a_mail_is_sent_although_the_service_is_killed_after_its_response(tmp_path: Path, database_url: str) -> None:
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
        assert process.wait(TIMEOUT) == 0
    assert any("token=" in text for text in texts(tmp_path / "mail"))


def test_another_worker_sends_the_mail_of_a_killed_worker(tmp_path: Path, database_url: str) -> None:
    server = ServerProcess(tmp_path, database_url, JOBS_IN_PROCESS="false", JOB_LEASE_SECONDS="1")
    run_in_thread(register(database_url))
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        hanging.settimeout(TIMEOUT)
        with worker(server, MAIL_URL=f"smtp://127.0.0.1:{hanging.getsockname()[1]}") as killed:
            connection, _ = hanging.accept()
            killed.send_signal(signal.SIGKILL)
            killed.wait(TIMEOUT)
            connection.close()
    with worker(server, MAIL_URL=f"file://{tmp_path}/mail"):
        wait_until(lambda: len(texts(tmp_path / "mail")) == 1)


def test_the_service_sends_mails_without_a_separate_worker(tmp_path: Path, sqlite_template: Path) -> None:
    server = ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), MAIL_URL=f"file://{tmp_path}/mail")
    with server:
        assert httpx2.post(f"{server.url}{REGISTER}", json=an_account("ann")).status_code == 201
        wait_until(lambda: len(texts(tmp_path / "mail")) == 1)
        server.stop()
    assert "Traceback" not in server.log


def test_a_hung_mail_server_does_not_delay_the_shutdown(tmp_path: Path, sqlite_template: Path) -> None:
    database_url = copy_of(sqlite_template, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        hanging.settimeout(TIMEOUT)
        url = f"smtp://127.0.0.1:{hanging.getsockname()[1]}"
        server = ServerProcess(tmp_path, database_url, MAIL_URL=url, JOB_LEASE_SECONDS="1")
        with server:
            assert httpx2.post(f"{server.url}{REGISTER}", json=an_account("ann")).status_code == 201
            connection, _ = hanging.accept()
            with connection:
                server.stop()
        assert "Traceback" not in server.log
    with worker(server, MAIL_URL=f"file://{tmp_path}/mail"):
        wait_until(lambda: len(texts(tmp_path / "mail")) == 1)
