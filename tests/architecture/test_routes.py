from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
from dependency_injector import providers
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as PlainRoute

from entrypoints.http.app import create_app
from entrypoints.http.framework.route import Route
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container

OPEN_TO_ALL: Final = {
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/login/access-token",
    "POST /api/v1/auth/login/cookie",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/password-reset",
    "POST /api/v1/auth/password-reset/confirm",
    "GET /health",
    "GET /monitoring/health",
    "GET /monitoring/metrics",
    "GET /",
    "GET /docs",
    "GET /redoc",
    "GET /openapi.json",
}

ANY_ID: Final = "01900000-0000-7000-8000-000000000000"


def new_app() -> FastAPI:
    options: dict[str, Any] = {"_env_file": None, "storage": "memory", "secret_key": "a key of more than 32 characters"}
    return create_app(Container(settings=providers.Object(Settings(**options))))


def endpoints(app: FastAPI) -> Iterator[tuple[str, str, BaseRoute]]:
    for route in app.routes:
        if isinstance(route, PlainRoute | Route):
            yield from ((method, route.path_format, route) for method in sorted(route.methods or ()))


ENDPOINTS: Final = [(method, path, route) for method, path, route in endpoints(new_app()) if method != "HEAD"]
GUARDED: Final = [(method, path, route) for method, path, route in ENDPOINTS if f"{method} {path}" not in OPEN_TO_ALL]

guarded = pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path, _ in GUARDED], ids=[f"{m} {p}" for m, p, _ in GUARDED]
)


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    app = new_app()
    async with app.router.lifespan_context(app), AsyncClient(transport=ASGITransport(app), base_url="http://test") as c:
        yield c


def test_the_list_of_what_is_open_to_all_is_short_and_true() -> None:
    assert {f"{method} {path}" for method, path, _ in ENDPOINTS} >= OPEN_TO_ALL
    assert len(GUARDED) > 15


def test_nothing_but_pages_is_mounted() -> None:
    assert [route.path for route in new_app().routes if isinstance(route, Mount)] == ["/static"]


@pytest.mark.parametrize(("method", "path", "route"), GUARDED, ids=[f"{m} {p}" for m, p, _ in GUARDED])
def test_a_route_declares_that_it_wants_a_caller(method: str, path: str, route: BaseRoute) -> None:
    assert isinstance(route, Route)
    assert route.wants_caller


@guarded
async def test_without_a_token_a_route_answers_401_whatever_else_is_wrong(
    method: str, path: str, client: AsyncClient
) -> None:
    for named in (path, path.replace("{task_id}", ANY_ID).replace("{tag}", "home")):
        for wrong in ({}, {"content": b"{", "headers": {"Content-Type": "text/plain", "If-Match": "nonsense"}}):
            answer = await client.request(method, f"{named}?surplus=1", **wrong)  # type: ignore[arg-type]
            assert (answer.status_code, answer.json()["error_code"]) == (401, "NOT_AUTHENTICATED")


@guarded
async def test_with_a_false_token_a_route_answers_401(method: str, path: str, client: AsyncClient) -> None:
    answer = await client.request(method, path, headers={"Authorization": "Bearer nonsense"})

    assert (answer.status_code, answer.json()["error_code"]) == (401, "INVALID_TOKEN")
