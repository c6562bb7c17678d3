"""The examples of the OpenAPI document are real: sent one after the other, they get the responses that it shows."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from application.identity.registration import CreateUser
from domain.identity.user import Role, UserId
from entrypoints.http.api.identity.examples import ANN, RESET_PASSWORD, SESSION
from entrypoints.http.api.jobs.examples import GET_JOB
from entrypoints.wiring.container import Container
from tests.contracts.jobs.jobs import a_job, add
from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.declarations import Json, operations
from tests.entrypoints.http.given import PASSWORD, SettableClock, in_memory, log_in
from tests.entrypoints.http.mailbox import Mailbox

pytestmark = in_memory

CHAPTERS: Final = (
    "register log_in_by_form log_in list_sessions end_session refresh get_current_user get_me",
    "log_in_by_cookie log_out log_in log_out_everywhere log_in",
    "create_task get_task list_tasks upload_file list_files get_file get_file_content export_me delete_file",
    "add_tags remove_tag delete_task",
    "create_task create_tasks edit_task_by_patch edit_task_by_put list_history get_statistics",
    "list_tags rename_tag edit_tasks remove_tag_everywhere delete_tasks get_job",
    "list_audit_events create_user list_users get_user edit_user_by_patch edit_user_by_put delete_user",
    "edit_me change_password request_password_reset reset_password erase_me",
    "get_health get_readiness get_metrics",
)
STORY: Final = [operation_id for chapter in CHAPTERS for operation_id in chapter.split()]
"""Operations in an order in which each one finds what its example needs."""

VARIABLE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
FREE: Final = {"access_token", "refresh_token", "latency_ms", "oldest_due_seconds", "average_completion_seconds"}
"""Values that differ from one run to the next."""


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(datetime(2025, 11, 28, 9, 30, tzinfo=UTC))


@pytest.fixture
async def boss(app: FastAPI, container: Container) -> AsyncIterator[AsyncClient]:
    """An admin."""
    account = CreateUser(username="boss", email="boss@example.org", password=PASSWORD, role=Role.ADMIN)
    await container.services().bootstrap.create_user(account)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://tasks.test") as client:
        yield await log_in(client, "boss")


@pytest.fixture
async def ann(app: FastAPI, conventions: Conventions) -> AsyncIterator[AsyncClient]:
    """The user of the examples, who is not registered yet."""
    transport = ASGITransport(app, client=(str(SESSION["ip_address"]), 50_000))
    headers = {"User-Agent": str(SESSION["user_agent"])}
    hooks = {"response": [conventions.check]}
    async with AsyncClient(
        transport=transport, base_url="http://tasks.test", headers=headers, event_hooks=hooks
    ) as client:
        yield client


class Story:
    """Sends examples, with the ids and tokens of this run in the place of those in the examples."""

    def __init__(self, document: Json) -> None:
        self.operations = {each["operationId"]: (name, each) for name, each in operations(document)}
        self.real: dict[str, str] = {}
        """Ids and tokens of this run, by those in the examples."""

    async def send(self, operation_id: str, client: AsyncClient) -> Response:
        name, operation = self.operations[operation_id]
        method, path = name.split()
        parameters = [each for each in operation.get("parameters", ()) if "example" in each]
        values = {(each["in"], each["name"]): self._realistic(each["example"]) for each in parameters}
        query = {name: _as_text(value) for (place, name), value in values.items() if place == "query"}
        url = path.format(**{name: value for (place, name), value in values.items() if place == "path"})
        return await client.request(method, url, params=query, **self._body(operation))

    def _body(self, operation: Json) -> dict[str, Any]:
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            body = self._realistic(content["example"])
            if media_type == "application/json":
                return {"json": body}
            if media_type == "multipart/form-data":
                return {"files": {"file": ("notes.txt", body.pop("file").encode())}, "data": body}
            return {"data": body}
        return {}

    def _realistic(self, example: Any) -> Any:
        if isinstance(example, dict):
            return {name: self._realistic(value) for name, value in example.items()}
        if isinstance(example, list):
            return [self._realistic(value) for value in example]
        return self.real.get(example, example) if isinstance(example, str) else example

    def check(self, operation_id: str, response: Response) -> None:
        """Compare a response with the one in the document."""
        _, operation = self.operations[operation_id]
        status, declared = next(item for item in operation["responses"].items() if item[0] < "300")
        assert (operation_id, str(response.status_code)) == (operation_id, status), response.text
        if example := declared.get("content", {}).get("application/json", {}).get("example"):
            self._compare(example, response.json(), operation_id)

    def _compare(self, example: Any, actual: Any, place: str) -> None:
        if isinstance(example, dict):
            assert set(example) == set(actual), place
            for name, value in example.items():
                self._compare(value, actual[name], f"{place}.{name}")
        elif isinstance(example, list):
            assert len(example) == len(actual), place
            for pair in zip(example, actual, strict=True):
                self._compare(*pair, f"{place}[]")
        elif _is_variable(example, place):
            assert type(example) is type(actual), place
            assert not isinstance(example, str) or bool(VARIABLE.fullmatch(example)) == bool(VARIABLE.fullmatch(actual))
            if isinstance(example, str):
                self.real[example] = actual
        else:
            assert (place, example) == (place, actual)


def _is_variable(example: Any, place: str) -> bool:
    is_service_version = place == "get_readiness.version"
    return is_service_version or place.rpartition(".")[2] in FREE or bool(VARIABLE.fullmatch(str(example)))


def _as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


async def test_the_examples_are_true_when_sent_to_the_service(
    ann: AsyncClient,
    boss: AsyncClient,
    container: Container,
    conventions: Conventions,
    clock: SettableClock,
    mailbox: Mailbox,
) -> None:
    story = Story(conventions.document)
    for operation_id in STORY:
        clock.advance(timedelta(seconds=1))
        if operation_id == "get_job":
            job = a_job(kind="change_tag", requester_id=UserId(UUID(story.real[ANN["id"]])), created_at=clock.at)
            await add(container.storage(), job)
            story.real[GET_JOB.parameters["job_id"]] = str(job.id)
        if operation_id == "reset_password":
            story.real[RESET_PASSWORD.body["token"]] = await mailbox.token(ANN["email"])
        if operation_id == "erase_me":  # the reset has ended all sessions
            await log_in(ann, ANN["username"])
        name, _ = story.operations[operation_id]
        client = boss if "/audit" in name or ("/users" in name and "/me" not in name) else ann
        response = await story.send(operation_id, client)
        story.check(operation_id, response)
        if "access_token" in response.text:
            ann.headers["Authorization"] = f"Bearer {response.json()['access_token']}"

    assert set(STORY) == set(story.operations)
