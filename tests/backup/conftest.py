from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.sql.schema import SqlSchema
from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def empty_url(kind: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[str]:
    """Of a place where nothing is."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/not there yet/tasks.db"
        return
    name = f"test_{uuid4().hex}"
    await postgres.create_database(name)
    try:
        yield postgres.url(name)
    finally:
        await postgres.drop_database(name)


@pytest.fixture
async def url(kind: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[str]:
    """Of a migrated database."""
    name = f"test_{uuid4().hex}"
    if kind == "sqlite":
        await SqlSchema(made := f"sqlite+aiosqlite:///{tmp_path}/tasks.db").upgrade()
        yield made
        return
    await postgres.create_database(name)
    try:
        await SqlSchema(postgres.url(name)).upgrade()
        yield postgres.url(name)
    finally:
        await postgres.drop_database(name)
