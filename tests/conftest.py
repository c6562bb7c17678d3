import asyncio
import gc
import logging
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest
import structlog
from anyio.from_thread import start_blocking_portal
from hypothesis import settings

from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.schema.tables import metadata
from tests.servers.postgres import Postgres, PostgresServer

pytest.register_assert_rewrite("tests.contracts", "tests.entrypoints")

# As in the server: the default collects the many objects of a test session very often, which takes 5 % of its time.
gc.set_threshold(50_000, 20, 50)

settings.register_profile("dev", deadline=None, derandomize=True)
settings.register_profile("fast", deadline=None, derandomize=True, max_examples=20)
settings.register_profile("ci", deadline=None, max_examples=1000, stateful_step_count=100, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

EMPTY: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
""" + "".join(f"DELETE FROM {table};" for table in reversed(metadata.sorted_tables))
"""Ends connections of earlier tests and deletes all rows. A new database for each test would take 30 times as long."""


def pytest_collection_finish() -> None:
    """Exempt modules and tests from garbage collection."""
    gc.collect()
    gc.freeze()


def run_in_thread(steps: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on an event loop in another thread, because the caller may already run on one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, steps).result()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for all tests of this process: TEST_POSTGRES_URL, or a temporary one."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield Postgres(url)
    else:
        with PostgresServer() as server:
            yield server


@pytest.fixture(scope="session")
def postgres_database(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated database."""
    name = f"test_{uuid4().hex}"
    run_in_thread(postgres.create_database(name))
    try:
        run_in_thread(SqlSchema(postgres.url(name)).upgrade())
        yield name
    finally:
        run_in_thread(postgres.drop_database(name))


@pytest.fixture(scope="session")
def empty_database(postgres: Postgres, postgres_database: str) -> Iterator[Callable[[], None]]:
    """A function that empties the database. It keeps one connection, which is faster than a new one for each test."""
    url = postgres.url(postgres_database).replace("postgresql+asyncpg", "postgresql")
    with start_blocking_portal() as portal:
        connection = portal.call(asyncpg.connect, url)
        try:
            yield lambda: portal.call(connection.execute, EMPTY)
        finally:
            portal.call(connection.close)


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_database: str, empty_database: Callable[[], None]) -> str:
    """A migrated, empty database. Tests share it one after another and must not change its schema."""
    empty_database()
    return postgres.url(postgres_database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    run_in_thread(SqlSchema(f"sqlite+aiosqlite:///{path}").upgrade())
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty database file for one test."""
    return f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'test.db')}"


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    """Undo changes of the log configuration after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level
