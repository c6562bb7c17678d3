"""A backup taken while others write, restored elsewhere, serves what was answered before."""

import asyncio
import json
import stat
from collections import Counter
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import httpx2
import pytest
from sqlalchemy import make_url

from adapters.sql.schema.migrator import SqlSchema
from tests.contracts.given import add, register, seen, seen_of
from tests.entrypoints.cli.backup.command import backed_up, require_refused, task_manager
from tests.entrypoints.http.service_process import ServerProcess
from tests.migrations.databases import execute, opened, tables
from tests.servers.postgres import Postgres
from tests.support.builders import ANN, a_task, a_user, tags

ACCOUNT: Final = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
WRITERS: Final = 3
ENOUGH: Final = 30
"""Tasks that are there before, and again while the copy is taken."""


async def a_client(server: ServerProcess) -> httpx2.AsyncClient:
    client = httpx2.AsyncClient(base_url=f"{server.url}/api/v1", trust_env=False, timeout=30)
    login = {"username": ACCOUNT["username"], "password": ACCOUNT["password"]}
    answer = (await client.post("/auth/login", json=login)).raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


class Writers:
    """Create and complete tasks until told to stop, and remember what was answered."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self.acknowledged: set[str] = set()
        self._has_more = asyncio.Event()
        self._is_done = False

    async def wait_for(self, number: int) -> None:
        while len(self.acknowledged) < number:
            self._has_more.clear()
            await self._has_more.wait()

    def stop(self) -> None:
        self._is_done = True

    async def write(self) -> None:
        while not self._is_done:
            made = await self._client.post("/tasks", json={"title": "x", "tags": ["a"], "due_date": "2027-01-01"})
            if made.status_code == 201:
                await self._client.patch(f"/tasks/{made.json()['id']}", json={"completed": True})
                self.acknowledged.add(made.json()["id"])
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


async def test_what_was_answered_before_is_there_after_and_adds_up(
    url: str, empty_url: str, kind: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    with ServerProcess(tmp_path, url, RATE_LIMIT_ENABLED="false") as server:
        httpx2.post(f"{server.url}/api/v1/auth/register", json=ACCOUNT, trust_env=False).raise_for_status()
        client = await a_client(server)
        writers = Writers(client)
        writing = [asyncio.create_task(writers.write()) for _ in range(WRITERS)]
        await writers.wait_for(ENOUGH)
        before = set(writers.acknowledged)
        await asyncio.to_thread(backed_up, url, file)
        await writers.wait_for(len(before) + ENOUGH)
        writers.stop()
        await asyncio.gather(*writing)
        await client.aclose()

    code, told = await asyncio.to_thread(task_manager, "restore", file, url=empty_url)
    assert code == 0, told
    assert told.startswith(f"restored: {kind} at revision {SqlSchema(url).head}, ")

    await SqlSchema(empty_url).check()
    (tmp_path / "elsewhere").mkdir()
    with ServerProcess(tmp_path / "elsewhere", empty_url) as server:
        client = await a_client(server)
        tasks = await all_tasks(client)
        statistics = (await client.get("/tasks/statistics")).raise_for_status().json()
        again = await client.post("/tasks", json={"title": "After"})
        await client.aclose()
    assert {task["id"] for task in tasks} >= before
    assert statistics["total"] == len(tasks)
    counted = Counter(task["status"] for task in tasks)
    assert {status: number for status, number in statistics["by_status"].items() if number} == counted
    assert statistics["by_tag"] == {"a": len(tasks)}
    assert again.status_code == 201


async def test_every_table_comes_back_as_it_was(url: str, empty_url: str, tmp_path: Path) -> None:
    mine = [a_task(tags=tags("home"), description="Grüße\n\t\\N"), a_task(title="Straße")]
    async with opened(url) as storage:
        await register(storage, user := a_user(id=ANN))
        await add(storage, *mine)

    task_manager("restore", backed_up(url, tmp_path / "backup"), url=empty_url)

    assert await tables(empty_url) == await tables(url)
    async with opened(empty_url) as storage:
        assert await seen(storage) == seen_of(*mine)
        async with storage.unit_of_work() as uow:
            assert await uow.users.get(ANN) == user


async def test_a_backup_is_for_its_owner_alone_and_leaves_nothing_beside(url: str, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    file = backed_up(url, tmp_path / "backups/today")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


async def test_the_archive_is_one_that_other_programs_read(url: str, kind: str, tmp_path: Path) -> None:
    with ZipFile(backed_up(url, tmp_path / "backup")) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        magic = archive.read("database")[:6]

    assert (manifest["format"], manifest["database"]) == (1, kind)
    assert manifest["revision"] == SqlSchema(url).head
    assert magic == {"sqlite": b"SQLite", "postgresql": b"PGDMP\x01"}[kind]


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_role_that_owns_no_more_than_its_database_can_do_both(
    kind: str, url: str, empty_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    """Where the extensions are there already, of somebody else's."""
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
    own = make_url(empty_url).set(username=name, password="of a role: /?#%").render_as_string(hide_password=False)
    try:
        code, told = task_manager("restore", backed_up(url, tmp_path / "backup"), url=own)
        assert code == 0, told
        backed_up(own, tmp_path / "again")

        await SqlSchema(own).check()
        async with opened(own) as storage:
            assert await seen(storage) == seen_of(task)
    finally:
        await execute(empty_url, f"DROP OWNED BY {name}", f'ALTER DATABASE "{name}" OWNER TO CURRENT_USER')
        await execute(empty_url, f"DROP ROLE {name}")


async def test_a_second_restore_is_refused_and_harms_nothing(url: str, empty_url: str, tmp_path: Path) -> None:
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
    file = backed_up(url, tmp_path / "backup")
    assert task_manager("restore", file, url=empty_url)[0] == 0
    async with opened(empty_url) as storage:
        await add(storage, task := a_task())

    assert "where nothing is" in require_refused("restore", file, url=empty_url)

    async with opened(empty_url) as storage:
        assert await seen(storage) == seen_of(task)
