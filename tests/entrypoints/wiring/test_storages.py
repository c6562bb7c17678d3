import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from dependency_injector import providers
from httpx2 import ASGITransport, AsyncClient

from adapters.memory.storage import InMemoryStorage
from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.storage import SqlStorage
from entrypoints.http.app import create_app
from entrypoints.wiring.container import Container
from tests.contracts.storage import StorageContract
from tests.entrypoints.given import only
from tests.entrypoints.wiring import toy_accounts, toy_files, toy_history, toy_idempotency, toy_jobs, toy_storage
from tests.entrypoints.wiring.toy_storage import ToyStorage

TOY: Final = "tests.entrypoints.wiring.toy_storage:ToyStorage"


class TestToyStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> ToyStorage:
        return ToyStorage()


def by_keyword() -> Container:
    return Container(settings=providers.Object(only(storage="memory")), storage=providers.Singleton(ToyStorage))


def by_setting() -> Container:
    return Container(settings=providers.Object(only(storage=TOY)))


PARTS = (toy_accounts, toy_files, toy_history, toy_idempotency, toy_jobs)


def test_the_toy_knows_nothing_but_the_core() -> None:
    imported = {
        str(node.module)
        for module in (toy_storage, *PARTS)
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text()))
        if isinstance(node, ast.ImportFrom)
    } - {part.__name__ for part in PARTS}

    assert {name.partition(".")[0] for name in imported} & {"adapters", "entrypoints", "tests"} == set()
    assert {name.partition(".")[0] for name in imported} >= {"application", "domain"}


@pytest.mark.parametrize("container", [by_keyword, by_setting])
async def test_the_service_runs_on_a_storage_of_somebody_else(container: Callable[[], Container]) -> None:
    chosen = container()
    app: Any = create_app(chosen)
    account = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://tasks.test/api/v1") as client,
    ):
        assert (await client.post("/auth/register", json=account)).status_code == 201
        login = await client.post("/auth/login", json={"username": "ann", "password": account["password"]})
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        made = (await client.post("/tasks", json={"title": "Water the plants", "tags": ["home"]})).json()
        changed = (await client.patch(f"/tasks/{made['id']}", json={"completed": True})).json()
        listed = (await client.get("/tasks", params={"tag": "home", "search": "PLANTS"})).json()

    assert listed["items"] == [changed]
    storage = chosen.storage()
    assert isinstance(storage, ToyStorage)
    assert [str(task.id) for task in storage.lists.tasks] == [made["id"]]
    assert [user.username for user in storage.lists.users] == ["ann"]


def test_the_environment_may_name_a_storage_of_somebody_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORAGE", TOY)

    assert isinstance(Container().storage(), ToyStorage)
    assert Container().schema() is None


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
def test_a_name_in_the_settings_chooses_the_storage(
    options: dict[str, str], storage: type[object], schema: type[object]
) -> None:
    container = Container(settings=providers.Object(only(**options)))

    assert type(container.storage()) is storage
    assert type(container.schema()) is schema
