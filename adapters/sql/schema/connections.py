import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sql.engine.sqlite import require_utf8_file
from adapters.sql.engine.sqlite_errors import explain
from adapters.sql.engine.urls import sqlite_path_of
from application.platform.unit_of_work import StorageUnavailable

UNREACHABLE: Final = "the database cannot be reached with this DATABASE_URL"
READ_ONLY: Final = "the database of DATABASE_URL is read-only"
LOCKED: Final = "another migration or a backup locks the database: nothing was changed, try again"
PERMISSION_DENIED: Final = "42501"

REASONS: Final = {
    "55P03": LOCKED,
    "SQLITE_BUSY": LOCKED,
    "25006": READ_ONLY,
}
"""Messages by SQLSTATE, or by the name of SQLite's error."""

SERVER_ERRORS: Final = ("3F000", "57", "53", "08")
"""Prefixes of SQLSTATEs: an invalid schema name, operator intervention, insufficient resources, a lost connection.

These errors do not come from a migration. Their messages contain no values of rows.
"""

LOCK_TIMEOUT: Final = 60
"""Seconds that a process waits for another one to finish migrating an SQLite database. See also `migrations/env.py`."""


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[AsyncConnection]:
    """Open one connection for reading or migrating the schema.

    Raises:
        StorageUnavailable: The database cannot be reached, is locked, or does not allow this to the role.
    """
    engine = _engine(url)
    try:
        if (file := sqlite_path(url)) is not None:
            _require_usable(file)  # first, because the thread of aiosqlite would outlive a failure
        connection = await engine.connect()
    except (sqlite3.Error, DBAPIError, OSError, TimeoutError) as error:
        raise StorageUnavailable(f"{UNREACHABLE}: {_describe(error)}") from None
    try:
        yield connection
    except DBAPIError as error:
        if reason := _reason(error):
            raise StorageUnavailable(reason) from None  # the error quotes the statement with its values
        raise
    finally:
        await connection.close()
        await engine.dispose()


def _require_usable(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        require_utf8_file(*connection.execute("PRAGMA encoding").fetchone())


def sqlite_path(url: str) -> Path | None:
    """Return the path of an SQLite database, None for PostgreSQL."""
    parsed = make_url(url)
    return sqlite_path_of(url) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def create_directory(url: str) -> None:
    """Create the directory of an SQLite file: SQLite creates only the file."""
    if (file := sqlite_path(url)) is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailable(f"{UNREACHABLE}: {error.strerror}") from error


def _describe(error: Exception) -> str:
    if isinstance(error, sqlite3.Error) and (reason := explain(error)):
        return reason
    return str(error.orig if isinstance(error, DBAPIError) else error) or type(error).__name__


def _reason(error: DBAPIError) -> str | None:
    """Return why the database refused a statement; None for errors in the migrations themselves."""
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    cause = error.orig.__cause__ if error.orig else None
    if code == PERMISSION_DENIED:
        return f"the role of DATABASE_URL is not allowed to do this: {cause}"
    if str(code) in REASONS:
        return REASONS[str(code)]
    if isinstance(error.orig, sqlite3.Error):
        found = explain(error.orig)
    else:
        found = str(cause) if str(code).startswith(SERVER_ERRORS) else None
    return f"the database of DATABASE_URL cannot be used: {found}" if found is not None else None


def _engine(url: str) -> AsyncEngine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_async_engine(url, poolclass=NullPool)
        _lock_on_begin(engine.sync_engine)
        return engine
    from adapters.sql.schema.postgres_engine import postgres_engine  # needs the driver, an optional dependency

    return postgres_engine(url)


def _lock_on_begin(engine: object) -> None:
    """Begin transactions explicitly, with a write lock: sqlite3 begins none for DDL, and other processes must wait."""

    @event.listens_for(engine, "connect")
    def disable_implicit_transactions(connection: Any, record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={LOCK_TIMEOUT * 1000}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
