import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from examples.sqlite_tasks import SqliteTaskStorage
from task_manager.testing import TaskStorageContract
from tests.architecture.sources import ROOT
from tests.documentation.test_readme import blocks


class TestSqliteTaskStorage(TaskStorageContract):
    @pytest.fixture
    def task_storage(self, tmp_path: Path) -> SqliteTaskStorage:
        return SqliteTaskStorage(str(tmp_path / "tasks.db"))


async def test_the_service_of_the_readme_keeps_tasks_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "examples")
    names: dict[str, Any] = {}
    exec(next(block for block in blocks("python") if "ComposedStorage" in block), names)
    app, storage = names["app"], names["storage"]
    await storage.migrator.upgrade()
    account = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://tasks.test/api/v1") as client,
    ):
        await client.post("/auth/register", json=account)
        login = (await client.post("/auth/login", json={"username": "ann", "password": account["password"]})).json()
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        created = (await client.post("/tasks", json={"title": "Water the plants"})).json()
        sent = await client.post("/files", files={"file": ("a.txt", b"Daily")}, data={"task_id": created["id"]})
        assert sent.status_code == 201
        assert (await client.get("/tasks")).json()["items"] == [created]

    with closing(sqlite3.connect("my-tasks.db")) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
