from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.sql.schema.migrator import SqlSchema
from tests.conftest import run_in_thread
from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, postgres: Postgres, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, or of an SQLite file that does not exist."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/new directory/tasks.db"
        return
    with new_database(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated PostgreSQL database to which no test connects. Copying it is faster than migrating."""
    name = f"test_{uuid4().hex}"
    run_in_thread(postgres.create_database(name))
    try:
        run_in_thread(SqlSchema(postgres.url(name)).upgrade())
        yield name
    finally:
        run_in_thread(postgres.drop_database(name))


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, postgres: Postgres, sqlite_url: str) -> Iterator[str]:
    """The URL of a migrated database."""
    if kind == "sqlite":
        yield sqlite_url
        return
    with new_database(postgres, template=request.getfixturevalue("migrated_template")) as url:
        yield url


@contextmanager
def new_database(postgres: Postgres, template: str | None = None) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    run_in_thread(postgres.create_database(name, template))
    try:
        yield postgres.url(name)
    finally:
        run_in_thread(postgres.drop_database(name))
