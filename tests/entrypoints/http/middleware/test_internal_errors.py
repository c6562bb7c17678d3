"""A mistake of ours is told as one, and as nothing more."""

from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
from dependency_injector import providers
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

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
    container.task_service.override(providers.Object(BrokenService()))
    return container


@pytest.fixture
async def ann(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Unlike other clients she sees what the server made of an exception, not the exception."""
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://tasks.test") as client:
        yield await sign_up(client, "ann")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_bug_is_a_problem_with_the_id_to_ask_about(ann: AsyncClient, method: str) -> None:
    body = {"title": "canary"} if method == "POST" else None
    answer = await ann.request(method, TASKS, json=body, headers={"X-Request-ID": "ask-about-this"})
    problem = answer.json()

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == "ask-about-this"
    assert set(problem) == {"type", "title", "status", "detail", "instance", "error_code", "request_id"}
    assert (problem["status"], problem["instance"], problem["request_id"]) == (500, TASKS, "ask-about-this")
    for word in ("canary", "Error:", "Traceback", "SELECT", "passwd", ".py", "RuntimeError", "KeyError"):
        assert word not in answer.text


async def test_each_bug_has_an_id_also_when_the_client_gave_none(ann: AsyncClient) -> None:
    answers = [await ann.get(TASKS) for _ in range(2)]
    ids = {answer.headers["X-Request-ID"] for answer in answers}
    assert len(ids) == 2
    assert {answer.json()["request_id"] for answer in answers} == ids


async def test_a_bug_stops_nothing_else(ann: AsyncClient) -> None:
    assert (await ann.get(TASKS)).status_code == 500
    assert (await ann.get(ME)).status_code == 200
    assert (await ann.get(TASKS, params={"limit": 0})).status_code == 422
