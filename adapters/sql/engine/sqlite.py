import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic
from typing import Any, Final, TypeVar

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

from adapters.sql.engine.compiler import Compiler, Statement
from adapters.sql.engine.connection import PoolUse, Values
from adapters.sql.engine.sqlite_errors import is_busy, is_read_only, translate_errors
from adapters.sql.engine.urls import sqlite_path_of
from application.platform.time_limit import max_wait
from application.platform.unit_of_work import StorageBusy, StorageUnavailable

COMPILER: Final = Compiler(SQLiteDialect_aiosqlite())

FIRST_DELAY: Final = 0.001
MAX_DELAY: Final = 0.025
"""Seconds between two attempts to lock the file. The delay doubles with each attempt."""

PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)

EMPTY_WRITE: Final = "UPDATE alembic_version SET version_num = version_num WHERE false"

T = TypeVar("T")


class SqliteDatabase:
    """`sqlite+aiosqlite:///relative/path` or `sqlite+aiosqlite:////absolute/path`: a file in WAL mode."""

    def __init__(self, url: str, pool_size: int) -> None:
        self.compiler = COMPILER
        self._path = sqlite_path_of(url)
        self._idle: asyncio.LifoQueue[aiosqlite.Connection | None] = asyncio.LifoQueue()
        self._pool_size = pool_size
        self._size = 0
        self._connected = 0
        self.writing = asyncio.Lock()
        self.waiting = 0
        """Transactions that wait for `writing`. It is free for a moment before the first of them takes it."""

    async def open(self) -> None:
        self._size = self._pool_size
        for _ in range(self._pool_size):
            self._idle.put_nowait(None)

    async def close(self) -> None:
        self._size = self._connected = 0
        while not self._idle.empty():
            if driver := self._idle.get_nowait():
                await driver.close()

    @property
    def use(self) -> PoolUse:
        in_use = self._size - self._idle.qsize()
        return PoolUse(in_use, max(self._connected - in_use, 0), self._pool_size)

    async def acquire(self) -> "SqliteConnection":
        return SqliteConnection(await self.take(), self)

    async def take(self) -> aiosqlite.Connection:
        """Take a connection from the pool.

        Raises:
            StorageBusy: No connection is free in time.
        """
        try:
            async with asyncio.timeout(max_wait()):
                driver = await self._idle.get()
        except TimeoutError as error:
            raise StorageBusy("all connections to the database are in use") from error
        try:
            return driver or await self._connect()
        except BaseException:
            self._idle.put_nowait(None)
            raise

    def give_back(self, driver: aiosqlite.Connection | None) -> None:
        """Take back a connection, or None for one that was closed."""
        if driver is None:
            self._connected -= 1
        self._idle.put_nowait(driver)

    async def _connect(self) -> aiosqlite.Connection:
        with translate_errors():
            driver = aiosqlite.connect(self._path, isolation_level=None, timeout=0)
            make_daemon(driver)
            await driver
            try:
                for pragma in PRAGMAS:
                    await _when_unlocked(partial(driver.execute_fetchall, pragma))
                ((encoding,),) = await driver.execute_fetchall("PRAGMA encoding")
                require_utf8_file(encoding)
            except BaseException:
                await driver.close()
                raise
        self._connected += 1
        return driver


class SqliteConnection:
    """A connection of the pool. It translates the exceptions of sqlite3."""

    def __init__(self, driver: aiosqlite.Connection, pool: SqliteDatabase) -> None:
        self._driver = driver
        self._pool = pool
        self._is_taken = True
        self._is_in_transaction = False
        self._is_read_only = False

    async def begin(self) -> None:
        await self._wait_for_turn()
        self._is_in_transaction = True
        with self._translate_errors():
            await _when_unlocked(partial(self._driver.execute_fetchall, "BEGIN IMMEDIATE"))

    async def _wait_for_turn(self) -> None:
        """Wait for other transactions of this process. Reads can use the connection meanwhile."""
        if must_wait := self._pool.writing.locked() or self._pool.waiting > 0:
            self._give_back()
        self._pool.waiting += 1
        try:
            async with asyncio.timeout(max_wait()):
                await self._pool.writing.acquire()
        except TimeoutError as error:
            raise StorageBusy("another transaction is writing to the database") from error
        finally:
            self._pool.waiting -= 1
        if not must_wait:
            return
        try:
            self._driver = await self._pool.take()
        except BaseException:
            self._pool.writing.release()
            raise
        self._is_taken = True

    async def commit(self) -> None:
        with self._translate_errors():
            await _when_unlocked(partial(self._driver.execute_fetchall, "COMMIT"))
        self._end()

    async def release(self) -> None:
        try:
            if self._is_in_transaction:
                await asyncio.shield(self._roll_back())
        finally:
            if self._is_in_transaction:
                self._end()
            if self._is_taken:
                self._give_back()
                if self._is_read_only:
                    await self._driver.close()

    def _give_back(self) -> None:
        self._is_taken = False
        self._pool.give_back(None if self._is_read_only else self._driver)

    async def require_usable(self, tables: Sequence[str]) -> None:
        """Execute a write that changes no row: SQLite needs the write lock for it, but writes nothing to the log."""
        with suppress(StorageBusy), self._translate_errors():
            await self._driver.execute_fetchall(EMPTY_WRITE)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Translate errors. A connection that opened the file while it was read-only is not used again."""
        try:
            with translate_errors():
                yield
        except StorageUnavailable as error:
            self._is_read_only = self._is_read_only or is_read_only(error.__cause__)
            raise

    async def _roll_back(self) -> None:
        """Roll back. If a cancelled BEGIN or COMMIT still waits in the driver's thread, this runs after it."""
        with suppress(sqlite3.OperationalError):  # no transaction is active
            await self._driver.execute_fetchall("ROLLBACK")

    def _end(self) -> None:
        self._is_in_transaction = False
        self._pool.writing.release()

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Any]:
        query = partial(self._driver.execute_fetchall, statement.sql, statement.arguments(values))
        with self._translate_errors():
            found = await _when_unlocked(query)
        return statement.rows(list(found))

    async def execute(self, statement: Statement, rows: Sequence[Values]) -> None:
        with self._translate_errors():
            async with self._driver.executemany(statement.sql, [statement.arguments(row) for row in rows]):
                pass


def make_daemon(connecting: aiosqlite.Connection) -> None:
    """Let the process exit while the connection is open. Call it before the connection opens and its thread starts.

    aiosqlite has no public option for this; SQLAlchemy's own dialect sets the same private attribute.
    """
    connecting._thread.daemon = True


def require_utf8_file(encoding: str) -> None:
    """Check the encoding of a database file. SQLite would sort UTF-16 by its bytes.

    Raises:
        StorageUnavailable: The file has another encoding.
    """
    if encoding != "UTF-8":
        raise StorageUnavailable(f"the database file has the encoding {encoding} instead of UTF-8")


async def _when_unlocked(run: Callable[[], Awaitable[T]]) -> T:
    """Run a statement. Repeat it while another process locks the file.

    SQLite's own busy handler would block the thread of the driver: it cannot be cancelled, and does not know the time
    limit of the caller.
    """
    deadline, delay = monotonic() + max_wait(), FIRST_DELAY
    while True:
        try:
            return await run()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or monotonic() > deadline:
                raise
        await asyncio.sleep(delay)
        delay = min(2 * delay, MAX_DELAY)
