from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers
from httpx2 import ASGITransport, AsyncClient

from adapters.memory.storage import InMemoryStorage
from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.storage import SqlStorage
from domain.identity.user import UserId
from entrypoints.http.app import create_app
from entrypoints.wiring.container import Container
from tests.contracts.given import snapshot
from tests.entrypoints.given import make_settings
from tests.entrypoints.wiring.storages import THIRD_PARTY_STORAGE, ThirdPartyStorage


def replace_provider() -> Container:
    return Container(
        settings=providers.Object(make_settings(storage="memory")), storage=providers.Singleton(ThirdPartyStorage)
    )


def name_in_settings() -> Container:
    return Container(settings=providers.Object(make_settings(storage=THIRD_PARTY_STORAGE)))


@pytest.mark.parametrize("create_container", [replace_provider, name_in_settings])
async def test_the_service_runs_on_a_third_party_storage(create_container: Callable[[], Container]) -> None:
    container = create_container()
    app: Any = create_app(container)
    account = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://tasks.test/api/v1") as client,
    ):
        assert (await client.post("/auth/register", json=account)).status_code == 201
        login = (await client.post("/auth/login", json={"username": "ann", "password": account["password"]})).json()
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        created = (await client.post("/tasks", json={"title": "Water the plants", "tags": ["home"]})).json()
        edited = (await client.patch(f"/tasks/{created['id']}", json={"completed": True})).json()
        listed = (await client.get("/tasks", params={"tag": "home", "search": "PLANTS"})).json()

    assert listed["items"] == [edited]
    storage = container.storage()
    assert isinstance(storage, ThirdPartyStorage)
    async with storage.unit_of_work() as uow:
        ann = await uow.users.find_by_login("ann")
    assert ann is not None
    assert [str(task.id) for task in (await snapshot(storage, UserId(ann.id))).tasks] == [created["id"]]


def test_the_environment_may_name_a_third_party_storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORAGE", THIRD_PARTY_STORAGE)

    assert isinstance(Container().storage(), ThirdPartyStorage)
    assert Container().storage().migrator is None


@pytest.mark.parametrize(
    ("options", "storage", "schema"),
    [
        ({"storage": "memory"}, InMemoryStorage, type(None)),
        ({"storage": "sql"}, SqlStorage, SqlSchema),
        ({"database_url": "sqlite+aiosqlite:///some.db"}, SqlStorage, SqlSchema),
        ({"database_url": "postgresql+asyncpg://ann@localhost/tasks"}, SqlStorage, SqlSchema),
        ({"storage": "adapters.memory.storage:InMemoryStorage"}, InMemoryStorage, type(None)),
    ],
)
def test_the_settings_choose_the_storage(options: dict[str, str], storage: type[object], schema: type[object]) -> None:
    container = Container(settings=providers.Object(make_settings(**options)))

    assert type(container.storage()) is storage
    assert type(container.storage().migrator) is schema
