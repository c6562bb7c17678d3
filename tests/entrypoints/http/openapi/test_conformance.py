import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from dependency_injector import providers
from schemathesis.python.asgi import ASGIClient, get_client

from adapters.security.argon2 import Argon2PasswordHasher
from application.identity.registration import CreateUser
from domain.identity.user import Role, UserId
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container
from tests.contracts.jobs.jobs import a_job, add
from tests.entrypoints.http.openapi.fuzzing import CHECKS, PHASES, explore
from tests.entrypoints.http.openapi.hints import Examples
from tests.support.builders import NOW

PASSWORD: Final = "Correct-Horse-7"

NOT_FOR_USERS: Final = {
    "GET /api/v1/audit",
    "GET /api/v1/users",
    "POST /api/v1/users",
    "DELETE /api/v1/users/{user_id}",
}
BY_SECRETS: Final = {"POST /api/v1/auth/password-reset/confirm"}
"""Not guessable."""

ENDING: Final = {"log_out", "log_out_everywhere", "end_session", "change_password", "erase_me"}
"""Operations that end the session of the caller."""

pytestmark = [
    pytest.mark.usefixtures("anyio_backend"),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]


class TickingClock:
    """A clock that advances by a millisecond with each call, so that runs are reproducible."""

    def __init__(self) -> None:
        self._at: datetime = NOW

    def now(self) -> datetime:
        self._at += timedelta(milliseconds=1)
        return self._at


@pytest.fixture(scope="module")
def hasher() -> Argon2PasswordHasher:
    return Argon2PasswordHasher(memory_kib=8, passes=1, threads=1)


@pytest.fixture
def app(container: Container) -> Any:
    return create_app(container)


@pytest.fixture
def container(request: pytest.FixtureRequest, hasher: Argon2PasswordHasher, tmp_path: Path) -> Container:
    options: dict[str, Any] = {
        "_env_file": None,
        "secret_key": "a key for tests that is longer than 32 bytes",
        "access_token_expire_minutes": 1440,
        "rate_limit_enabled": False,
        "mail_url": f"file://{tmp_path}/mail",
        "files_url": f"file://{tmp_path}/files",
    }
    if (kind := request.param) == "memory":
        options["storage"] = "memory"
    else:
        options["database_url"] = request.getfixturevalue(f"{kind}_url")
    ids = (UUID(f"01900000-0000-7000-8000-{n:012x}") for n in count(1))
    return Container(
        settings=providers.Object(Settings(**options)),
        hasher=providers.Object(hasher),
        clock=providers.Singleton(TickingClock),
        new_id=providers.Object(ids.__next__),
    )


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and operation."""
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def same_for_users(document: dict[str, Any]) -> set[str]:
    """Return the ids of operations that accept the same values from admins as from users."""
    return {operation["operationId"] for path, operation in operations(document) if "/users" not in path}


def endpoint_of(operation: str) -> str:
    """Return the same name for PUT and PATCH of a path: both call one endpoint."""
    return operation.replace("PUT ", "PATCH ")


def signed_up(client: ASGIClient, username: str) -> str:
    """Register a user and return the access token."""
    account = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
    assert client.post("/api/v1/auth/register", json=account).status_code == 201
    login = client.post("/api/v1/auth/login", json={"username": username, "password": PASSWORD})
    token: str = login.json()["access_token"]
    return token


def new_tasks(client: ASGIClient, token: str, number: int) -> list[str]:
    """Create tasks and return their ids."""
    tasks = {"tasks": [{"title": f"Task {n}", "tags": ["home"]} for n in range(number)]}
    response = client.post("/api/v1/tasks/bulk", json=tasks, headers={"Authorization": f"Bearer {token}"})
    return [task["id"] for task in response.json()["items"]]


def new_file(client: ASGIClient, token: str) -> str:
    """Upload a file and return its id."""
    sent = {"file": ("notes.txt", b"hello")}
    response = client.post("/api/v1/files", files=sent, headers={"Authorization": f"Bearer {token}"})
    file_id: str = response.json()["id"]
    return file_id


@pytest.mark.parametrize("container", ["memory"], indirect=True)
def test_responses_to_a_user_match_the_document(app: Any, container: Container, tmp_path: Path) -> None:
    with get_client(app) as client:
        users = {username: signed_up(client, username) for username in ("ann", "ben")}
        ann = client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {users['ann']}"}).json()["id"]
        ids = new_tasks(client, users["ann"], 5)
        files = [new_file(client, users["ann"]) for _ in range(3)]
    job = a_job(requester_id=UserId(UUID(ann)), created_at=NOW)
    asyncio.run(add(container.storage(), job))
    examples: Examples = {
        "LoginBody": {"username": "ann", "password": PASSWORD},
        "LoginForm": {"username": "ann", "password": PASSWORD},
        "EditMeBody": {"email": "ann@example.com"},
        "EditTasksBody": {"task_ids": ids[:2]},
        "DeleteTasksBody": {"task_ids": ids[2:4]},
        "PATCH /api/v1/users/{user_id}": {"user_id": ann, "body": {"timezone": "Europe/Berlin"}},
        "DELETE /api/v1/tasks/{task_id}/tags/{tag}": {"task_id": ids[4], "tag": "home"},
        "GET /api/v1/files/{file_id}": {"file_id": files[0], "owner_id": ann},
        "GET /api/v1/files/{file_id}/content": {"file_id": files[1], "owner_id": ann},
        "DELETE /api/v1/files/{file_id}": {"file_id": files[2]},
        "GET /api/v1/jobs/{job_id}": {"job_id": str(job.id)},
    }

    findings = explore(app, users, examples, tmp_path, leave_out=ENDING)

    assert not findings.failures, str(findings)
    assert findings.phases >= PHASES
    assert findings.checks == CHECKS
    done = {endpoint_of(operation) for operation, statuses in findings.statuses.items() if min(statuses) < 300}
    never_done = {operation for operation in findings.statuses if endpoint_of(operation) not in done}
    assert never_done == NOT_FOR_USERS | BY_SECRETS


@pytest.mark.parametrize("container", ["memory"], indirect=True)
def test_responses_to_an_admin_match_the_document(app: Any, container: Container, tmp_path: Path) -> None:
    boss = CreateUser(username="boss", email="boss@example.com", password=PASSWORD, role=Role.ADMIN)
    asyncio.run(container.services().bootstrap.create_user(boss))
    with get_client(app) as client:
        login = client.post("/api/v1/auth/login", json={"username": "boss", "password": PASSWORD})
        users = {"boss": login.json()["access_token"], "ben": signed_up(client, "ben")}

    findings = explore(app, users, {}, tmp_path, leave_out=ENDING | same_for_users(app.openapi()))

    assert not findings.failures, str(findings)
    assert min(findings.statuses["GET /api/v1/users"]) == 200
    assert min(findings.statuses["POST /api/v1/users"]) == 201


@pytest.mark.parametrize("container", ["memory"], indirect=True)
def test_responses_that_end_a_session_match_the_document(app: Any, tmp_path: Path) -> None:
    with get_client(app) as client:
        users = {username: signed_up(client, username) for username in ("ann", "ben")}
        others = {
            operation["operationId"] for path in app.openapi()["paths"].values() for operation in path.values()
        } - ENDING

    findings = explore(app, users, {}, tmp_path, leave_out=others)

    assert not findings.failures, str(findings)
    assert len(findings.statuses) == len(ENDING)


@pytest.mark.parametrize("container", ["memory"], indirect=True)
def test_responses_to_an_anonymous_caller_match_the_document(app: Any, tmp_path: Path) -> None:
    protected = {each["operationId"] for _, each in operations(app.openapi()) if "security" in each}

    findings = explore(app, {}, {}, tmp_path, leave_out=protected)

    assert not findings.failures, str(findings)
    assert findings.phases >= PHASES - {"stateful"}  # no public operation links to another
    assert len(findings.statuses) == len(list(operations(app.openapi()))) - len(protected)


@pytest.mark.parametrize("container", ["memory"], indirect=True)
def test_protected_operations_reject_requests_without_a_token(app: Any, tmp_path: Path) -> None:
    """With examples only: the responses do not depend on values."""
    public = {each["operationId"] for _, each in operations(app.openapi()) if "security" not in each}

    findings = explore(app, {}, {}, tmp_path, leave_out=public, phases={"examples", "stateful"})

    assert not findings.failures, str(findings)
    assert findings.phases >= {"examples", "stateful"}
    assert {status for statuses in findings.statuses.values() for status in statuses} == {401}
