import asyncio
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from adapters.sql.schema.migrator import SqlSchema
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.migrations.databases import execute, opened, tables
from tests.support.builders import ANN, a_task, a_user

TASK_MANAGER = Path(sys.executable).with_name("task-manager")


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
