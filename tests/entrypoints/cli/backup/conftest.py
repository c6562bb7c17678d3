from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.sql.schema.migrator import SqlSchema
from tests.conftest import run_apart
from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, postgres: Postgres, tmp_path: Path) -> Iterator[str]:
    """Of a place where nothing is."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/not there yet/tasks.db"
        return
    with a_database(postgres) as url:
        yield url


@pytest.fixture
def url(kind: str, postgres: Postgres, sqlite_url: str) -> Iterator[str]:
    """Of a migrated database."""
    if kind == "sqlite":
        yield sqlite_url
        return
    with a_database(postgres) as url:
        run_apart(SqlSchema(url).upgrade())
        yield url


@contextmanager
def a_database(postgres: Postgres) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    run_apart(postgres.create_database(name))
    try:
        yield postgres.url(name)
    finally:
        run_apart(postgres.drop_database(name))
