"""The application below a path: mounted in another application, or behind a proxy that strips the path."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urljoin

import pytest
from dependency_injector import providers
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from application.identity.registration import RegisterUser
from entrypoints.http.app import create_app
from entrypoints.settings import Environment
from entrypoints.wiring.container import Container
from tests.entrypoints.given import make_settings
from tests.support.stubs import Mailbox

ROOT: Final = "/tasks-api"
URL: Final = f"https://host.test{ROOT}"
PLAIN_URL: Final = f"http://host.test{ROOT}"
ACCOUNT: Final = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
LOGIN: Final = {"username": "ann", "password": ACCOUNT["password"]}
PRODUCTION: Final[dict[str, Any]] = {
    "environment": Environment.PRODUCTION,
    "database_url": "sqlite+aiosqlite:///unused.db",
    "allowed_origins": "https://host.test",
    "mail_url": "file:///tmp",
    "secret_key": "0123456789abcdef" * 4,
}


def new_app(**options: Any) -> FastAPI:
    return create_app(Container(settings=providers.Object(make_settings(storage="memory", **options))))


@asynccontextmanager
async def mounted(**options: Any) -> AsyncIterator[ASGITransport]:
    """Mount the application as the README describes."""
    tasks = new_app(**options)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with tasks.router.lifespan_context(tasks):
            yield

    host = FastAPI(lifespan=lifespan)
    host.mount(ROOT, tasks)
    async with host.router.lifespan_context(host):
        yield ASGITransport(host)


@asynccontextmanager
async def behind_proxy(**options: Any) -> AsyncIterator[ASGITransport]:
    """Run the application as the server does with ROOT_PATH: it puts the path back that the proxy has stripped."""
    app = new_app(root_path=ROOT, **options)
    async with app.router.lifespan_context(app):
        yield ASGITransport(app, root_path=ROOT)


@pytest.fixture(params=[mounted, behind_proxy])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[AsyncClient]:
    async with request.param() as transport, AsyncClient(transport=transport, base_url=URL) as client:
        yield client


async def follow(client: AsyncClient, response: Response) -> Response:
    return await client.get(urljoin(str(response.url), response.headers["Location"]))


async def test_a_session_of_a_client_works(client: AsyncClient) -> None:
    registered = await client.post("/api/v1/auth/register", json=ACCOUNT)
    login = await client.post("/api/v1/auth/login", json=LOGIN)
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    created = await client.post("/api/v1/tasks", json={"title": "Water"}, headers={"Idempotency-Key": "1"})
    replayed = await client.post("/api/v1/tasks", json={"title": "Water"}, headers={"Idempotency-Key": "1"})
    statistics = await client.get("/api/v1/tasks/statistics")
    missing = await client.get("/api/v1/tasks/unknown")

    assert registered.headers["Location"] == f"{ROOT}/api/v1/users/{registered.json()['id']}"
    assert (await follow(client, created)).json() == created.json()
    assert replayed.headers["Location"] == created.headers["Location"]
    assert statistics.json()["total"] == 1  # a literal path, which is no id of a task
    assert missing.json()["instance"] == f"{ROOT}/api/v1/tasks/unknown"
    assert created.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", ["docs", "redoc"])
async def test_pages_load_their_files(client: AsyncClient, page: str) -> None:
    response = await client.get(f"/{page}")
    links = re.findall(r'(?:src|href)="([^"]+)"', response.text)

    assert len(links) > 2
    for link in links:
        assert (await client.get(urljoin(str(response.url), link))).status_code == 200, link


async def test_the_root_redirects_to_the_documentation(client: AsyncClient) -> None:
    response = await client.get("/")

    assert (await follow(client, response)).status_code == 200


async def test_the_document_names_the_root_path(client: AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    flow = document["components"]["securitySchemes"]["password"]["flows"]["password"]

    assert [server["url"] for server in document["servers"]] == [ROOT]
    assert flow["tokenUrl"] == f"{ROOT}/api/v1/auth/login/access-token"


@pytest.mark.parametrize("place", [mounted, behind_proxy])
async def test_cookies_are_sent_to_this_application_only(place: Any) -> None:
    async with place(**PRODUCTION) as transport, AsyncClient(transport=transport, base_url=URL) as client:
        await client.post("/api/v1/auth/register", json=ACCOUNT)
        login = await client.post("/api/v1/auth/login/cookie", json=LOGIN)
        cookies = login.headers.get_list("Set-Cookie")

        assert [cookie.partition("=")[0] for cookie in cookies] == ["__Secure-access_token", "__Secure-refresh_token"]
        assert all(f"Path={ROOT}/;" in cookie for cookie in cookies)
        assert (await client.get("/api/v1/users/me")).json()["username"] == "ann"


async def test_health_checks_are_not_redirected_to_https() -> None:
    async with mounted(force_https=True) as transport, AsyncClient(transport=transport, base_url=PLAIN_URL) as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/docs")).headers["Location"] == f"{URL}/docs"


async def test_mails_link_to_the_root_path() -> None:
    settings = make_settings(storage="memory", root_path=ROOT, public_url="https://host.test")
    mailbox = Mailbox()
    container = Container(settings=providers.Object(settings), mailer=providers.Object(mailbox))
    services = container.services()
    await services.accounts.register(RegisterUser(**ACCOUNT))
    while await services.job_worker.work():
        pass

    assert f"{URL}/" in f"{mailbox.mails[0].text}/".replace("\n", "/")
