"""Internal errors reveal no details."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from dependency_injector import providers
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from starlette.types import Message, Receive, Scope, Send

from entrypoints.http.middleware.response import ResponseMiddleware
from entrypoints.wiring.container import Container
from tests.entrypoints.http.given import ME, TASKS, in_memory, sign_up

pytestmark = in_memory


class BrokenService:
    async def list(self, *_: object) -> NoReturn:
        raise RuntimeError("canary: SELECT password_hash FROM users -- /etc/passwd")

    async def create(self, *_: object) -> NoReturn:
        raise KeyError("canary")


@pytest.fixture
def container(container: Container) -> Container:
    broken: Any = BrokenService()
    container.services.override(providers.Object(replace(container.services(), tasks=broken)))
    return container


@pytest.fixture
async def ann(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A client without the conventions, which allow no internal error."""
    async with AsyncClient(transport=ASGITransport(app), base_url="http://tasks.test") as client:
        yield await sign_up(client, "ann")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_internal_error_is_a_problem_with_a_request_id(ann: AsyncClient, method: str) -> None:
    body = {"title": "canary"} if method == "POST" else None
    response = await ann.request(method, TASKS, json=body, headers={"X-Request-ID": "ask-about-this"})
    problem = response.json()

    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"] == "ask-about-this"
    assert set(problem) == {"type", "title", "status", "detail", "instance", "error_code", "request_id"}
    assert (problem["status"], problem["instance"], problem["request_id"]) == (500, TASKS, "ask-about-this")
    for word in ("canary", "Error:", "Traceback", "SELECT", "passwd", ".py", "RuntimeError", "KeyError"):
        assert word not in response.text


async def test_an_internal_error_gets_a_request_id_if_the_client_sent_none(ann: AsyncClient) -> None:
    responses = [await ann.get(TASKS) for _ in range(2)]
    ids = {response.headers["X-Request-ID"] for response in responses}
    assert len(ids) == 2
    assert {response.json()["request_id"] for response in responses} == ids


async def test_other_requests_work_after_an_internal_error(ann: AsyncClient) -> None:
    assert (await ann.get(TASKS)).status_code == 500
    assert (await ann.get(ME)).status_code == 200
    assert (await ann.get(TASKS, params={"limit": 0})).status_code == 422


async def test_an_exception_after_the_start_of_a_response_ends_it(container: Container) -> None:
    messages: list[str] = []

    async def fail_late(scope: Scope, receive: Receive, send: Send) -> NoReturn:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("canary")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message["type"])

    scope = {"type": "http", "method": "GET", "path": TASKS, "headers": [], "query_string": b""}
    await ResponseMiddleware(fail_late, container)(scope, receive, send)

    assert messages == ["http.response.start"]  # the server closes the connection of an incomplete response
