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

PUBLIC: Final = {
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
    "GET /reset-password",
    "POST /reset-password",
    "GET /password-changed",
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
PROTECTED: Final = [(method, path, route) for method, path, route in ENDPOINTS if f"{method} {path}" not in PUBLIC]

protected = pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path, _ in PROTECTED], ids=[f"{m} {p}" for m, p, _ in PROTECTED]
)


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    app = new_app()
    async with app.router.lifespan_context(app), AsyncClient(transport=ASGITransport(app), base_url="http://test") as c:
        yield c


def test_all_listed_public_routes_exist() -> None:
    assert {f"{method} {path}" for method, path, _ in ENDPOINTS} >= PUBLIC
    assert len(PROTECTED) > 15


def test_only_static_files_are_mounted() -> None:
    assert [route.path for route in new_app().routes if isinstance(route, Mount)] == ["/static"]


@pytest.mark.parametrize(("method", "path", "route"), PROTECTED, ids=[f"{m} {p}" for m, p, _ in PROTECTED])
def test_every_protected_route_requires_a_caller(method: str, path: str, route: BaseRoute) -> None:
    assert isinstance(route, Route)
    assert route.requires_caller


@protected
async def test_a_request_without_a_token_gets_401_even_if_it_is_invalid_otherwise(
    method: str, path: str, client: AsyncClient
) -> None:
    for url in (path, path.replace("{task_id}", ANY_ID).replace("{tag}", "home")):
        for invalid in ({}, {"content": b"{", "headers": {"Content-Type": "text/plain", "If-Match": "nonsense"}}):
            response = await client.request(method, f"{url}?unknown=1", **invalid)  # type: ignore[arg-type]
            assert (response.status_code, response.json()["error_code"]) == (401, "NOT_AUTHENTICATED")


@protected
async def test_a_request_with_an_invalid_token_gets_401(method: str, path: str, client: AsyncClient) -> None:
    response = await client.request(method, path, headers={"Authorization": "Bearer nonsense"})

    assert (response.status_code, response.json()["error_code"]) == (401, "INVALID_TOKEN")
