"""Databases whose schema or encoding is not the default."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.sql.operations.postgres_copier import PostgresCopier
from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.storage import SqlStorage
from application.platform.unit_of_work import StorageUnavailable
from application.storage import BackupError
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.migrations.databases import execute, inspected, opened, tables
from tests.servers import installation
from tests.servers.postgres import Postgres
from tests.support.builders import ANN, a_task, a_user

SEARCH_PATH = "options=-c%20search_path%3Dtasks%2Cpublic"


@asynccontextmanager
async def new_database(postgres: Postgres, *statements: str, options: str = "") -> AsyncIterator[str]:
    name = f"test_{uuid4().hex}"
    await postgres.execute(f'CREATE DATABASE "{name}" {options}')
    try:
        await execute(postgres.url(name), *statements)
        yield postgres.url(name)
    finally:
        await postgres.drop_database(name)


async def test_a_schema_of_its_own_is_backed_up_and_restored(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(installation.client_programs()), prepend=":")
    extensions = ("CREATE SCHEMA ext", "CREATE EXTENSION pg_trgm SCHEMA ext", "CREATE EXTENSION btree_gin SCHEMA ext")
    async with (
        new_database(postgres, "CREATE SCHEMA tasks", *extensions) as source,
        new_database(postgres, "CREATE SCHEMA tasks") as target,
    ):
        await SqlSchema(f"{source}?{SEARCH_PATH}").upgrade()
        async with opened(f"{source}?{SEARCH_PATH}") as storage:
            await register(storage, a_user(id=ANN))
            await add(storage, task := a_task())
        await PostgresCopier(f"{source}?{SEARCH_PATH}").dump(copy := tmp_path / "copy")

        with pytest.raises(BackupError, match="schema tasks, which this role does not search"):
            await PostgresCopier(target).load(copy)
        await PostgresCopier(f"{target}?{SEARCH_PATH}").load(copy)

        async with opened(f"{target}?{SEARCH_PATH}") as storage:
            assert await snapshot(storage) == expected_snapshot(task)
        assert await tables(target) == set()
        indexes = await inspected(target, lambda inspector: inspector.get_indexes("tasks", "tasks"))
        assert "ix_tasks_search" in {index["name"] for index in indexes}


async def test_migrations_do_not_create_the_tables_again_in_another_schema(postgres_url: str) -> None:
    await execute(postgres_url, "CREATE SCHEMA tasks")
    try:
        with pytest.raises(StorageUnavailable, match="in the schema public, but"):
            await SqlSchema(f"{postgres_url}?{SEARCH_PATH}").upgrade()
    finally:
        await execute(postgres_url, "DROP SCHEMA tasks")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_cannot_store_all_characters_is_refused(postgres: Postgres, encoding: str) -> None:
    options = f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
    async with new_database(postgres, options=options) as url:
        with pytest.raises(StorageUnavailable, match=f"encoding {encoding}: create it with ENCODING 'UTF8'"):
            await SqlSchema(url).upgrade()
        async with SqlStorage(url) as storage:
            with pytest.raises(StorageUnavailable, match=f"encoding {encoding}"):
                await storage.check()


async def test_a_file_of_sqlite_with_another_encoding_is_refused(tmp_path: Path) -> None:
    file = sqlite3.connect(tmp_path / "tasks.db")
    file.execute("PRAGMA encoding = 'UTF-16le'")
    file.execute("CREATE TABLE mine (id)")
    file.close()
    url = f"sqlite+aiosqlite:///{tmp_path}/tasks.db"

    with pytest.raises(StorageUnavailable, match="encoding UTF-16le instead of UTF-8"):
        await SqlSchema(url).upgrade()
    async with SqlStorage(url) as storage:
        with pytest.raises(StorageUnavailable, match="encoding UTF-16le"):
            await storage.check()
