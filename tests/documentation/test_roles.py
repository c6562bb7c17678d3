"""The SQL statements of the guide for production create roles that have the rights they need, and no more."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from adapters.sql.engine.urls import dsn_of
from adapters.sql.operations.postgres_copier import PostgresCopier
from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.schema.tables import metadata
from application.platform.unit_of_work import StorageUnavailable
from tests.contracts.given import add, expected_snapshot, register, remove, save, snapshot
from tests.documentation.production_guide import create_database, protect_database
from tests.migrations.databases import opened
from tests.servers import installation
from tests.servers.postgres import Postgres
from tests.support.builders import ANN, NOW, a_task, a_user

PASSWORD = "of a role for one test"

MISSING_RIGHTS = """
    SELECT name, privilege FROM unnest($2::text[]) AS name, unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS privilege
    WHERE NOT has_table_privilege($1, name, privilege)
"""


@dataclass(frozen=True)
class Roles:
    """A database that the statements of the guide created, with unique names instead of `tasks`."""

    name: str
    superuser: str
    owner: str
    service: str


@pytest.fixture
async def roles(postgres: Postgres) -> AsyncIterator[Roles]:
    name = f"guide_{uuid4().hex}"
    try:
        owner, service = await create_database(postgres, name, PASSWORD)
        yield Roles(name, postgres.url(name), owner, service)
    finally:
        await postgres.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await postgres.execute(f"DROP ROLE {name}; DROP ROLE {name}_owner")


async def test_the_service_has_the_rights_that_it_needs_and_no_more(
    roles: Roles, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(installation.client_programs()), prepend=":")
    owner = SqlSchema(roles.owner)
    await owner.upgrade()
    await protect_database(postgres, roles.name)

    async with opened(roles.service) as storage:
        await register(storage, a_user(id=ANN))
        await add(storage, task := a_task(), removed := a_task())
        await save(storage, changed := task.edit(at=NOW, title="Changed"))
        await remove(storage, removed)
        assert await snapshot(storage) == expected_snapshot(changed)
    await PostgresCopier(roles.service).dump(tmp_path / "copy")
    with pytest.raises(StorageUnavailable, match="not allowed to do this: must be owner of table"):
        await SqlSchema(roles.service).downgrade("0001")
    await owner.downgrade("0001")
    with pytest.raises(StorageUnavailable, match="not allowed to do this: permission denied for schema public"):
        await SqlSchema(roles.service).upgrade()
    await owner.upgrade()

    connection = await asyncpg.connect(dsn_of(roles.superuser))
    assert await connection.fetch(MISSING_RIGHTS, roles.name, list(metadata.tables)) == []
    revision = await connection.fetch(MISSING_RIGHTS, roles.name, ["alembic_version"])
    await connection.close()
    assert [privilege for _, privilege in revision] == ["INSERT", "UPDATE", "DELETE"]
