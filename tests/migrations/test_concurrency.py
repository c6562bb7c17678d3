import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from adapters.sql.engine.urls import dsn_of
from adapters.sql.schema.migrator import SqlSchema
from application.platform.unit_of_work import StorageUnavailable
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.migrations.databases import execute, opened, tables
from tests.migrations.scripts import add_migration, copy_migrations
from tests.servers.postgres import Postgres
from tests.support.builders import ANN, a_task, a_user

LOCK = 0x7461736B
ROLE_TIMEOUTS = {"lock_timeout": "20ms", "statement_timeout": "20s", "idle_in_transaction_session_timeout": "20s"}
SHOW_TIMEOUTS = f"SELECT name, setting FROM pg_settings WHERE name IN {tuple(ROLE_TIMEOUTS)}"
HAS_WAITED = """
    SELECT EXISTS (
        SELECT FROM pg_sleep(0.01), pg_locks
        WHERE locktype = 'advisory' AND waitstart < clock_timestamp() - interval '100ms'
    )
"""

TASK_MANAGER = Path(sys.executable).with_name("task-manager")


@pytest.fixture
async def role(postgres: Postgres) -> AsyncIterator[str]:
    """The name of a role and of its empty database."""
    name = f"test_{uuid4().hex}"
    await postgres.execute(f"CREATE ROLE {name} LOGIN")
    await postgres.execute(f"CREATE DATABASE {name} OWNER {name}")
    try:
        yield name
    finally:
        await postgres.drop_database(name)
        await postgres.execute(f"DROP ROLE {name}")


async def migrated(url: str, directory: Path) -> tuple[int, str]:
    """Migrate in another process. Return its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        TASK_MANAGER,
        "migrate",
        cwd=directory,
        env={"PATH": os.defpath, "DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_concurrent_migrations_all_succeed(url: str, tmp_path: Path) -> None:
    schema = SqlSchema(url)

    outcomes = await asyncio.gather(*(migrated(url, tmp_path) for _ in range(3)))

    assert outcomes == [(0, f"database at revision {schema.head}\n")] * 3
    await schema.check()
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
        await add(storage, task := a_task())
        assert await snapshot(storage) == expected_snapshot(task)


async def test_a_failed_migration_is_rolled_back(url: str) -> None:
    schema = SqlSchema(url)
    await execute(url, "CREATE TABLE task_tallies (id INTEGER PRIMARY KEY)")

    with pytest.raises(DBAPIError):
        await schema.upgrade()

    assert await tables(url) <= {"task_tallies", "alembic_version"}
    assert await schema.current() is None
    await execute(url, "DROP TABLE task_tallies")
    await schema.upgrade()
    await schema.check()


async def test_a_migration_ignores_the_timeouts_of_the_role(postgres: Postgres, role: str, tmp_path: Path) -> None:
    url = make_url(postgres.url(role)).set(username=role).render_as_string(hide_password=False)
    await execute(url, *(f"ALTER ROLE {role} SET {name} = '{value}'" for name, value in ROLE_TIMEOUTS.items()))
    scripts = copy_migrations(tmp_path)
    add_migration(scripts, f"CREATE TABLE seen AS {SHOW_TIMEOUTS}", "DROP TABLE seen")
    other = await asyncpg.connect(dsn_of(postgres.url(role)))
    async with other.transaction():
        await other.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        waiting = asyncio.create_task(SqlSchema(url, scripts).upgrade())
        has_waited = False
        while not (has_waited or waiting.done()):
            has_waited = await other.fetchval(HAS_WAITED)
    await waiting

    seen = await other.fetch("SELECT setting FROM seen ORDER BY name")
    await other.close()
    idle_in_transaction, lock, statement = (row["setting"] for row in seen)
    assert (idle_in_transaction, lock, statement) == ("0", "5000", "0")


async def test_a_migration_that_cannot_lock_a_table_reports_it_and_changes_nothing(
    postgres_url: str, tmp_path: Path
) -> None:
    scripts = copy_migrations(tmp_path)
    environment = scripts / "env.py"
    environment.write_text(environment.read_text().replace("'5s'", "'20ms'"))
    schema = SqlSchema(postgres_url, scripts)
    reader = await asyncpg.connect(dsn_of(postgres_url))
    async with reader.transaction():
        await reader.execute("SELECT FROM jobs")
        with pytest.raises(StorageUnavailable, match="locks the database"):
            await schema.downgrade("0009")
    await reader.close()

    await schema.require_served()
