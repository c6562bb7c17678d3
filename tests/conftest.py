import asyncio
import logging
import os
import shutil
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings

from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.schema.tables import metadata
from tests.servers.postgres import Postgres, PostgresServer

pytest.register_assert_rewrite("tests.contracts", "tests.http")

settings.register_profile("dev", deadline=None, derandomize=True)
settings.register_profile("ci", deadline=None, max_examples=1000, stateful_step_count=100, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

EMPTY: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
""" + "".join(f"DELETE FROM {table};" for table in reversed(metadata.sorted_tables))
"""Ends what another test left running. Making a database for each test would take thirty times as long."""


def run_apart(steps: Coroutine[Any, Any, None]) -> None:
    """On an event loop of their own, whether or not the caller runs on one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, steps).result()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of this process: TEST_POSTGRES_URL, or one of their own."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield Postgres(url)
    else:
        with PostgresServer() as server:
            yield server


@pytest.fixture(scope="session")
def postgres_database(postgres: Postgres) -> Iterator[str]:
    """The name of a database that is migrated."""
    name = f"test_{uuid4().hex}"
    run_apart(postgres.create_database(name))
    try:
        run_apart(SqlSchema(postgres.url(name)).upgrade())
        yield name
    finally:
        run_apart(postgres.drop_database(name))


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_database: str) -> str:
    """A migrated and empty database, shared by one test after another: its schema is to be left as it is."""
    run_apart(postgres.execute(EMPTY, postgres_database))
    return postgres.url(postgres_database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    run_apart(SqlSchema(f"sqlite+aiosqlite:///{path}").upgrade())
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A file of the test's own, migrated and empty."""
    return f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'test.db')}"


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A test that configures logs, as the command line does, does so for itself."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level
