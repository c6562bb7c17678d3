"""A backup made while clients write is restored into another database and served from there."""

import asyncio
import json
import stat
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import httpx2
import pytest
from dependency_injector import providers
from sqlalchemy import make_url

from adapters.security.argon2 import Argon2PasswordHasher
from adapters.sql.schema.migrator import SqlSchema
from application.files.keys import STORE_ID_KEY
from application.platform.paging import Window
from application.storage import Storage
from domain.audit.audit_event import AuditEvent, Source
from domain.audit.audit_query import AuditFilter
from entrypoints.http.app import create_app
from entrypoints.wiring.container import Container
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.entrypoints.cli.backup.command import back_up, require_failure, task_manager, task_manager_process
from tests.entrypoints.given import make_settings
from tests.migrations.databases import execute, opened, tables
from tests.servers.postgres import Postgres
from tests.support.builders import ANN, a_task, a_user, an_audit_event, tags

ACCOUNT: Final = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
CONTENT: Final = "Grüße\n".encode() * 50_000
WRITERS: Final = 3
TASKS_PER_PHASE: Final = 30
"""Tasks to create before the backup, and again during or after it."""


@asynccontextmanager
async def serve(url: str, files_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Run the application in this process."""
    settings = make_settings(database_url=url, files_url=files_url, rate_limit_enabled=False, jobs_in_process=False)
    container = Container(
        settings=providers.Object(settings), hasher=providers.Object(Argon2PasswordHasher(memory_kib=8, passes=1))
    )
    app: Any = create_app(container)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://tasks.test/api/v1") as client,
    ):
        await container.services().file_store_identity.verify()
        yield client


async def log_in(client: httpx2.AsyncClient) -> None:
    login = {"username": ACCOUNT["username"], "password": ACCOUNT["password"]}
    response = (await client.post("/auth/login", json=login)).raise_for_status()
    client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"


class Writers:
    """Create and complete tasks until stopped, and collect the ids of acknowledged tasks."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self.acknowledged: set[str] = set()
        self._has_more = asyncio.Event()
        self._is_stopped = False

    async def wait_for(self, number: int) -> None:
        while len(self.acknowledged) < number:
            self._has_more.clear()
            await self._has_more.wait()

    def stop(self) -> None:
        self._is_stopped = True

    async def write(self) -> None:
        while not self._is_stopped:
            created = await self._client.post("/tasks", json={"title": "x", "tags": ["a"], "due_date": "2027-01-01"})
            if created.status_code == 201:
                await self._client.patch(f"/tasks/{created.json()['id']}", json={"completed": True})
                self.acknowledged.add(created.json()["id"])
                self._has_more.set()


async def all_tasks(client: httpx2.AsyncClient) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get("/tasks", params={"limit": "100", **cursor})).raise_for_status().json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def test_acknowledged_tasks_and_files_are_served_after_a_restore(
    url: str, empty_url: str, kind: str, tmp_path: Path
) -> None:
    archive = tmp_path / "backup"
    source_files, target_files = f"file://{tmp_path}/source", f"file://{tmp_path}/target"
    async with serve(url, source_files) as client:
        (await client.post("/auth/register", json=ACCOUNT)).raise_for_status()
        await log_in(client)
        upload = {"file": ("notes.txt", CONTENT, "text/plain")}
        uploaded = (await client.post("/files", files=upload)).raise_for_status().json()
        writers = Writers(client)
        writing = [asyncio.create_task(writers.write()) for _ in range(WRITERS)]
        await writers.wait_for(TASKS_PER_PHASE)
        before = set(writers.acknowledged)
        code, output = await asyncio.to_thread(task_manager_process, "backup", archive, url=url, FILES_URL=source_files)
        assert code == 0, output
        await writers.wait_for(len(before) + TASKS_PER_PHASE)
        writers.stop()
        await asyncio.gather(*writing)

    code, output = await asyncio.to_thread(
        task_manager_process, "restore", archive, url=empty_url, FILES_URL=target_files
    )
    assert code == 0, output
    assert output.startswith(f"restored: {kind} at revision {SqlSchema(url).head}, ")

    await SqlSchema(empty_url).check()
    async with serve(empty_url, target_files) as client:
        await log_in(client)
        tasks = await all_tasks(client)
        statistics = (await client.get("/tasks/statistics")).raise_for_status().json()
        created = await client.post("/tasks", json={"title": "After"})
        assert (await client.get(f"/files/{uploaded['id']}")).json() == uploaded
        assert (await client.get(f"/files/{uploaded['id']}/content")).content == CONTENT
    source_id, target_id = (tmp_path.joinpath(name, STORE_ID_KEY).read_text() for name in ("source", "target"))
    assert source_id != target_id
    assert {task["id"] for task in tasks} >= before
    assert statistics["total"] == len(tasks)
    counted = Counter(task["status"] for task in tasks)
    assert {status: number for status, number in statistics["by_status"].items() if number} == counted
    assert statistics["by_tag"] == {"a": len(tasks)}
    assert created.status_code == 201


async def audit_events(storage: Storage) -> list[AuditEvent]:
    async with storage.unit_of_work() as uow:
        return (await uow.audit_events.find(AuditFilter(), Window(limit=100))).items


async def test_every_table_is_restored(url: str, empty_url: str, tmp_path: Path) -> None:
    stored = [a_task(tags=tags("home"), description="Grüße\n\t\\N"), a_task(title="Straße")]
    async with opened(url) as storage:
        await register(storage, user := a_user(id=ANN))
        await add(storage, *stored)
        async with storage.unit_of_work() as uow:
            await uow.audit_events.add(login := an_audit_event(user_id=ANN, details={"session_id": "1"}))
            await uow.commit()

    task_manager("restore", back_up(url, tmp_path / "backup"), url=empty_url)

    async with opened(url) as storage:
        backed_up, *older = await audit_events(storage)
    assert (backed_up.name, older) == ("backed_up", [login])
    assert await tables(empty_url) == await tables(url)
    async with opened(empty_url) as storage:
        assert await snapshot(storage) == expected_snapshot(*stored)
        async with storage.unit_of_work() as uow:
            assert await uow.users.get(ANN) == user
        restored, *older = await audit_events(storage)
    assert (restored.name, older) == ("restored", [login])
    for event in (backed_up, restored):
        assert event.source is Source.COMMAND
        assert event.details == {"file": "backup", "revision": SqlSchema(url).head}


async def test_only_the_owner_may_read_a_backup_and_no_temporary_file_remains(url: str, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    file = back_up(url, tmp_path / "backups/today")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


async def test_the_archive_is_a_zip_file_with_a_native_database_dump(url: str, kind: str, tmp_path: Path) -> None:
    with ZipFile(back_up(url, tmp_path / "backup")) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        magic = archive.read("database")[:6]

    assert (manifest["format"], manifest["database"]) == (1, kind)
    assert manifest["revision"] == SqlSchema(url).head
    assert magic == {"sqlite": b"SQLite", "postgresql": b"PGDMP\x01"}[kind]


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_role_that_only_owns_its_database_can_back_up_and_restore(
    kind: str, url: str, empty_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    """The extensions already exist and belong to another role."""
    name = make_url(empty_url).database
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
        await add(storage, task := a_task(tags=tags("home")))
    await execute(
        empty_url,
        "CREATE EXTENSION pg_trgm",
        "CREATE EXTENSION btree_gin",
        f"CREATE ROLE {name} LOGIN PASSWORD 'of a role: /?#%'",
        f'ALTER DATABASE "{name}" OWNER TO {name}',
    )
    role_url = make_url(empty_url).set(username=name, password="of a role: /?#%").render_as_string(hide_password=False)
    try:
        code, output = task_manager("restore", back_up(url, tmp_path / "backup"), url=role_url)
        assert code == 0, output
        back_up(role_url, tmp_path / "again")

        await SqlSchema(role_url).check()
        async with opened(role_url) as storage:
            assert await snapshot(storage) == expected_snapshot(task)
    finally:
        await execute(empty_url, f"DROP OWNED BY {name}", f'ALTER DATABASE "{name}" OWNER TO CURRENT_USER')
        await execute(empty_url, f"DROP ROLE {name}")


async def test_a_second_restore_is_rejected_and_changes_nothing(url: str, empty_url: str, tmp_path: Path) -> None:
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
    file = back_up(url, tmp_path / "backup")
    assert task_manager("restore", file, url=empty_url)[0] == 0
    async with opened(empty_url) as storage:
        await add(storage, task := a_task())

    assert "a backup can only be restored" in require_failure("restore", file, url=empty_url)

    async with opened(empty_url) as storage:
        assert await snapshot(storage) == expected_snapshot(task)
