from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from dependency_injector import providers
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic import SecretStr

from adapters.security.argon2 import Argon2PasswordHasher
from domain.identity.user import Role
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container
from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import SECRET_KEY, SettableClock, promote, sign_up
from tests.entrypoints.http.mailbox import Mailbox

STORAGES: Final = ("memory", "sqlite", "postgres")

Connect = Callable[[], AsyncClient]


def settings_of(**chosen: Any) -> Settings:
    """Return settings with defaults for all others, independent of the environment."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    return Settings(**defaults | {"secret_key": SecretStr(SECRET_KEY)} | chosen)


@pytest.fixture(scope="session")
def hasher() -> Argon2PasswordHasher:
    """A hasher with weak and fast parameters."""
    return Argon2PasswordHasher(memory_kib=8, passes=1)


@pytest.fixture(scope="session")
def conventions() -> Conventions:
    container = Container(settings=providers.Object(settings_of(storage="memory")))
    return Conventions(create_app(container).openapi())


@pytest.fixture(params=STORAGES)
def storage_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of an empty storage. Tests run on every kind, unless they are marked `in_memory`."""
    if request.param == "memory":
        return {"storage": "memory"}
    return {"storage": "sql", "database_url": request.getfixturevalue(f"{request.param}_url")}


@pytest.fixture
def options() -> dict[str, Any]:
    """Settings that a module or a class overrides."""
    return {}


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def container(
    storage_settings: dict[str, str],
    options: dict[str, Any],
    clock: SettableClock,
    hasher: Argon2PasswordHasher,
    tmp_path: Path,
) -> Container:
    usual = {
        "rate_limit_enabled": False,
        "jobs_in_process": False,
        "mail_url": f"file://{tmp_path}/mail",
        "files_url": f"file://{tmp_path}/files",
    }
    return Container(
        settings=providers.Object(settings_of(**{**usual, **storage_settings, **options})),
        clock=providers.Object(clock),
        hasher=providers.Object(hasher),
    )


@pytest.fixture
def mailbox(container: Container, tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail", container.services().job_worker)


@pytest.fixture
async def app(container: Container) -> AsyncIterator[FastAPI]:
    app = create_app(container)
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def connected(app: FastAPI, conventions: Conventions) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as clients:

        def connect() -> AsyncClient:
            client = AsyncClient(
                transport=ASGITransport(app),
                base_url="http://tasks.test",
                event_hooks={"response": [conventions.check]},
            )
            clients.push_async_callback(client.aclose)
            return client

        yield connect


@pytest.fixture
async def connect(app: FastAPI, conventions: Conventions) -> AsyncIterator[Connect]:
    """Creates clients. Each response to them is checked against the conventions."""
    async with connected(app, conventions) as connect:
        yield connect


@pytest.fixture
def client(connect: Connect) -> AsyncClient:
    """An anonymous client."""
    return connect()


@pytest.fixture
async def ann(connect: Connect) -> AsyncClient:
    return await sign_up(connect(), "ann")


@pytest.fixture
async def ben(connect: Connect) -> AsyncClient:
    return await sign_up(connect(), "ben")


@pytest.fixture
async def mia(connect: Connect, container: Container) -> AsyncClient:
    """A manager."""
    return await promote(container, await sign_up(connect(), "mia"), Role.MANAGER)


@pytest.fixture
async def ada(connect: Connect, container: Container) -> AsyncClient:
    """The only admin."""
    return await promote(container, await sign_up(connect(), "ada"), Role.ADMIN)
