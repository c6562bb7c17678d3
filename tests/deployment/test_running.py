"""Run the commands of the image and of compose.yaml in their environment, with a real PostgreSQL and Valkey."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx2
import pytest

from tests.conftest import run_in_thread
from tests.deployment.files import GIVEN, health_check, last_stage, programs
from tests.entrypoints.http.service_process import COMMAND, ServerProcess
from tests.servers.postgres import Postgres
from tests.servers.valkey import ValkeyServer

TIMEOUT: Final = 60.0
BROWSER: Final = {"Host": GIVEN["SITE"], "X-Forwarded-Proto": "https"}
ACCOUNT: Final = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """The URL of a database that was never migrated."""
    name = f"test_{uuid4().hex}"
    run_in_thread(postgres.create_database(name))
    try:
        yield postgres.url(name)
    finally:
        run_in_thread(postgres.drop_database(name))


def environment(service: str, url: str, cache: str, mails: Path) -> dict[str, str]:
    """Return the environment of a service in compose.yaml, with other server addresses."""
    image = dict(part.split("=", 1) for part in shlex.split(last_stage()["ENV"]))
    composed = programs()[service]["environment"]
    given = image | {name: str(value) for name, value in composed.items() if value is not None}
    path = f"{COMMAND.parent}:{os.defpath}"
    local = {"DATABASE_URL": url, "REDIS_URL": cache, "HOST": "127.0.0.1", "PATH": path}
    return given | local | {"MAIL_URL": mails.as_uri(), "FILES_URL": mails.with_name("files").as_uri()}


def is_healthy(port: int) -> bool:
    given = {"PORT": str(port), "PATH": os.defpath, "http_proxy": "http://127.0.0.1:1"}  # the image may have a proxy
    _, *arguments = health_check()
    return subprocess.run([sys.executable, *arguments], env=given, capture_output=True, timeout=TIMEOUT).returncode == 0


def wait_for_mail(folder: Path) -> str:
    deadline = time.monotonic() + TIMEOUT
    while not (mails := list(folder.glob("*.eml"))):
        assert time.monotonic() < deadline, "no mail arrived"
        time.sleep(0.05)
    return mails[0].read_text()


def test_the_services_of_compose_work_together(url: str, tmp_path: Path) -> None:
    (mails := tmp_path / "mails").mkdir()
    with ValkeyServer() as valkey:
        given = {name: environment(name, url, valkey.url, mails) for name in programs()}
        migrate = [COMMAND, *programs()["migrate"]["command"]]
        subprocess.run(migrate, env=given["migrate"], cwd=tmp_path, check=True, capture_output=True, timeout=TIMEOUT)
        server = ServerProcess(tmp_path, url)
        assert not is_healthy(server.port)
        settings = given["service"] | {"PORT": str(server.port)}
        service = subprocess.Popen(
            [COMMAND, *programs()["service"]["command"]], env=settings, cwd=tmp_path, stdout=subprocess.DEVNULL
        )
        worker = subprocess.Popen([COMMAND, *programs()["worker"]["command"]], env=given["worker"], cwd=tmp_path)
        try:
            wait_until_healthy(server.port, service)
            use_api(f"{server.url}/api/v1")
            assert "ann" in wait_for_mail(mails)
        finally:
            service.send_signal(signal.SIGTERM)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(TIMEOUT) == 0
            service.wait(TIMEOUT)
        assert not is_healthy(server.port)


def wait_until_healthy(port: int, service: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + TIMEOUT
    while not is_healthy(port):
        assert service.poll() is None, "the service ended"
        assert time.monotonic() < deadline, "the service does not become healthy"
        time.sleep(0.1)


def use_api(api: str) -> None:
    with httpx2.Client(base_url=api, trust_env=False, headers=BROWSER) as client:
        assert client.post("/auth/register", json=ACCOUNT).status_code == 201
        login = client.post("/auth/login", json={"username": "ann", "password": ACCOUNT["password"]}).json()
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        assert client.post("/tasks", json={"title": "Deploy"}).status_code == 201
        assert {client.get("/tasks").json()["total"] for _ in range(10)} == {1}
        assert "Strict-Transport-Security" in client.get("/tasks").headers
        assert client.get("/tasks", headers={"X-Forwarded-Proto": "http"}).status_code == 308
        assert client.get("/tasks", headers={"Host": "elsewhere.example"}).status_code == 400
