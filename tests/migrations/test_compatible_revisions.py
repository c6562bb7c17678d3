"""A version serves the next revisions of the schema, if their migrations say so."""

from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from adapters.sql.engine.urls import dsn_of
from adapters.sql.schema.migrator import SqlSchema
from application.storage import SchemaMismatch, SchemaRevision, UnknownRevision
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.migrations.databases import execute, opened
from tests.migrations.scripts import HEAD, NEXT, add_migration, copy_migrations
from tests.support.builders import ANN, a_task, a_user

COMPATIBLE = "0013"


@pytest.fixture
def next_version(url: str, tmp_path: Path) -> Callable[[str], SqlSchema]:
    """Return the schema of the next version of the program, whose migration is compatible from a revision."""

    def build(compatible_from: str) -> SqlSchema:
        scripts = copy_migrations(tmp_path)
        upgrade, downgrade = "ALTER TABLE tasks ADD COLUMN colour TEXT", "ALTER TABLE tasks DROP COLUMN colour"
        add_migration(scripts, upgrade, downgrade, compatible_from)
        return SqlSchema(url, scripts)

    return build


async def test_this_version_serves_the_compatible_schema_of_the_next_one(
    url: str, next_version: Callable[[str], SqlSchema]
) -> None:
    schema, newer = SqlSchema(url), next_version(HEAD)
    await newer.upgrade()
    await schema.upgrade()

    assert await schema.current() == SchemaRevision(NEXT, HEAD)
    async with opened(url) as storage:
        await storage.check()
        await register(storage, a_user(id=ANN))
        await add(storage, task := a_task())
    with pytest.raises(UnknownRevision, match=NEXT):
        await schema.migrate_to("0010")

    assert await newer.undone_by(HEAD) == [f"{NEXT}_change_something"]
    await newer.migrate_to(HEAD)
    assert await schema.undone_by(HEAD) == []
    assert await schema.current() == await newer.current() == SchemaRevision(HEAD, COMPATIBLE)
    async with opened(url) as storage:
        assert await snapshot(storage) == expected_snapshot(task)


@pytest.mark.parametrize("recorded", [NEXT, None])
async def test_this_version_refuses_a_schema_that_is_not_known_to_be_compatible(
    url: str, next_version: Callable[[str], SqlSchema], recorded: str | None
) -> None:
    await next_version(NEXT).upgrade()
    if recorded is None:
        await execute(url, "UPDATE alembic_version SET compatible_from = NULL")
    schema = SqlSchema(url)

    with pytest.raises(SchemaMismatch, match=NEXT):
        await schema.upgrade()
    with pytest.raises(SchemaMismatch, match=NEXT) as refused:
        async with opened(url):
            raise AssertionError
    assert not refused.value.is_known


async def test_the_sql_of_a_dry_run_migrates_up_and_down(url: str) -> None:
    schema = SqlSchema(url)
    upgrade = await schema.preview(HEAD)
    assert await schema.current() is None

    await run_script(url, upgrade)
    await schema.check()
    assert await schema.current() == SchemaRevision(HEAD, COMPATIBLE)
    await run_script(url, await schema.preview("0001"))
    assert await schema.current() == SchemaRevision("0001")
    await run_script(url, await schema.preview(HEAD))
    await schema.check()


async def run_script(url: str, script: str) -> None:
    if url.startswith("sqlite"):
        await execute(url, *(statement for statement in script.split(";\n") if statement))
        return
    connection = await asyncpg.connect(dsn_of(url))
    try:
        await connection.execute(script)
    finally:
        await connection.close()
