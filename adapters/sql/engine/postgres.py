from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import asyncpg
from asyncpg import exceptions as pg
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from adapters.sql.engine.compiler import Compiler, Statement
from adapters.sql.engine.connection import PoolUse, ReferenceViolated, TableMissing, UniquenessViolated, Values
from adapters.sql.engine.hosts import Hosts, require_utf8
from adapters.sql.engine.postgres_errors import (
    BUSY,
    CONTENTION,
    LOST_CONNECTION,
    NEEDS_PARAMETER,
    UNAVAILABLE,
    WITHOUT_STATEMENTS,
    describe_refusal,
)
from adapters.sql.engine.urls import is_behind_bouncer
from application.platform.time_limit import BACKGROUND_SECONDS, REQUEST_SECONDS, max_wait
from application.platform.unit_of_work import (
    StorageBusy,
    StorageContention,
    StorageUnavailable,
    TransientStorageError,
)

COMPILER: Final = Compiler(PGDialect_asyncpg())  # type: ignore[no-untyped-call]

LOCK_TIMEOUT: Final = 0.5
"""Seconds, less than the `deadlock_timeout` of the server (1 s): a deadlock ends earlier, and a retry has time left."""

STATEMENT_TIMEOUT: Final = REQUEST_SECONDS

MARGIN: Final = 0.2
"""Seconds that the driver waits longer than the server, which then ends the statement and keeps the connection."""

SERVER_SETTINGS: Final = {
    "application_name": "task-manager",
    "lock_timeout": f"{LOCK_TIMEOUT * 1000:.0f}",
    "statement_timeout": f"{STATEMENT_TIMEOUT * 1000:.0f}",
    "idle_in_transaction_session_timeout": f"{BACKGROUND_SECONDS * 1000:.0f}",
}
"""In milliseconds. `docs/decisions/0027-one-time-limit-for-a-request.md` has the reasons."""

IS_USABLE: Final = """
    SELECT current_setting('transaction_read_only') = 'on', ARRAY(
        SELECT privilege || ' on ' || name
        FROM unnest($1::text[]) AS name, unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS privilege
        WHERE NOT has_table_privilege(name, privilege)
    )
"""
"""Whether writes are refused, as on a standby, and the missing privileges."""


class PostgresDatabase:
    """`postgresql+asyncpg://user:password@host:port/name`.

    With `?prepared_statement_cache_size=0` no state stays on a server connection between transactions, as PgBouncer
    requires in transaction mode. Set the timeouts on the role then.
    """

    def __init__(self, url: str, pool_size: int) -> None:
        self.compiler = COMPILER
        self._is_behind_bouncer = is_behind_bouncer(url)
        self._url = url
        self._hosts = Hosts(url)
        self._pool_size = pool_size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._must_reconnect = False

    async def open(self) -> None:
        session: dict[str, Any] = {"server_settings": SERVER_SETTINGS}
        if self._is_behind_bouncer:
            session = {"statement_cache_size": 0}
        self._pool = await asyncpg.create_pool(
            connect=self._hosts.connect,
            min_size=0,
            max_size=self._pool_size,
            command_timeout=BACKGROUND_SECONDS,
            connection_class=_Connection,
            reset=_skip_reset,
            init=require_utf8,
            **session,
        )

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    @property
    def use(self) -> PoolUse:
        if self._pool is None:
            return PoolUse(0, 0, self._pool_size)
        idle = self._pool.get_idle_size()
        return PoolUse(self._pool.get_size() - idle, idle, self._pool_size)

    def _reconnect(self) -> None:
        """Replace all connections before their next use: they lead to the wrong server or to one that hangs."""
        self._must_reconnect = True

    async def acquire(self) -> "PostgresConnection":
        if self._pool is None:
            raise RuntimeError("the storage is not open")
        if self._must_reconnect:
            self._must_reconnect = False
            await self._pool.expire_connections()
        try:
            return PostgresConnection(await self._pool.acquire(timeout=max_wait()), self._pool, self._reconnect)
        except (*UNAVAILABLE, pg.PostgresError, pg.InterfaceError) as error:
            if isinstance(error, BUSY) or self.use.in_use == self._pool_size:
                raise StorageBusy("all connections to the database are in use") from error
            raise StorageUnavailable(describe_refusal(error, self._url)) from error


class _Connection(asyncpg.Connection):
    """A connection that the pool can replace although its server hangs."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as the driver
        with suppress(TimeoutError):  # the driver has closed its side
            await super().close(timeout=timeout)


class PostgresConnection:
    """A connection of the pool. It translates the exceptions of asyncpg."""

    def __init__(self, driver: Any, pool: "asyncpg.Pool[asyncpg.Record]", reconnect: Callable[[], None]) -> None:
        self._driver = driver
        self._pool = pool
        self._reconnect = reconnect
        self._is_in_transaction = False
        self._outlasts_server = True

    async def begin(self) -> None:
        self._is_in_transaction = True
        with self._translate_errors():
            await self._driver.execute("BEGIN", timeout=self._timeout())

    async def commit(self) -> None:
        if self._is_lost:  # nothing was sent
            raise TransientStorageError("the connection to the database was lost")
        try:
            self._outlasts_server = True
            await self._driver.execute("COMMIT", timeout=STATEMENT_TIMEOUT + MARGIN)  # its outcome would be unknown
        except CONTENTION as error:
            raise StorageContention("the transaction conflicted with another one") from error
        except (*UNAVAILABLE, pg.PostgresConnectionError, pg.InterfaceError) as error:
            self._terminate(error)
            raise StorageUnavailable("the connection broke while committing") from error
        self._is_in_transaction = False

    async def release(self) -> None:
        try:
            if self._is_in_transaction and not self._is_lost:
                await self._roll_back()
        finally:
            await self._pool.release(self._driver)

    async def _roll_back(self) -> None:
        try:
            await self._driver.execute("ROLLBACK", timeout=self._timeout())
        except (*UNAVAILABLE, pg.PostgresError, pg.InterfaceError) as error:
            self._terminate(error)

    @property
    def _is_lost(self) -> bool:
        try:
            return bool(self._driver.is_closed())
        except pg.InterfaceError:  # the pool has already taken back the closed connection
            return True

    def _timeout(self) -> float:
        """Return the seconds after which a server that does not respond to a statement counts as unavailable."""
        timeout = min(max(max_wait(), LOCK_TIMEOUT), STATEMENT_TIMEOUT) + MARGIN
        self._outlasts_server = timeout >= STATEMENT_TIMEOUT
        return timeout

    def _terminate(self, error: Exception) -> None:
        hangs = isinstance(error, TimeoutError) and self._outlasts_server  # a server that works ends statements itself
        if hangs or isinstance(error, pg.ReadOnlySQLTransactionError):
            self._reconnect()
        with suppress(pg.InterfaceError):
            self._driver.terminate()

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Any]:
        with self._translate_errors():
            if statement.needs_custom_plan:  # PostgreSQL plans an unnamed statement with its values
                unnamed = await self._driver.prepare(statement.sql, name="", timeout=self._timeout())
                found = await unnamed.fetch(*statement.arguments(values), timeout=self._timeout())
            else:
                found = await self._driver.fetch(statement.sql, *statement.arguments(values), timeout=self._timeout())
        return statement.rows(found)

    async def execute(self, statement: Statement, rows: Sequence[Values]) -> None:
        with self._translate_errors():
            if len(rows) == 1:
                await self._driver.execute(statement.sql, *statement.arguments(rows[0]), timeout=self._timeout())
            else:
                arguments = [statement.arguments(row) for row in rows]
                await self._driver.executemany(statement.sql, arguments, timeout=self._timeout())

    async def require_usable(self, tables: Sequence[str]) -> None:
        with self._translate_errors():
            is_read_only, missing = await self._driver.fetchrow(IS_USABLE, tables, timeout=self._timeout())
        if is_read_only:
            self._terminate(error := pg.ReadOnlySQLTransactionError("the database is read-only"))
            raise StorageUnavailable(str(error))
        if missing:
            raise StorageUnavailable(f"the role of DATABASE_URL lacks privileges: {', '.join(missing)}")

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except pg.UniqueViolationError as error:
            raise UniquenessViolated(error.table_name or "") from error
        except pg.ForeignKeyViolationError as error:
            raise ReferenceViolated from error
        except pg.UndefinedTableError as error:
            raise TableMissing from error
        except pg.InsufficientPrivilegeError as error:
            raise StorageUnavailable("the role of DATABASE_URL lacks a privilege") from error
        except WITHOUT_STATEMENTS as error:
            raise StorageUnavailable(NEEDS_PARAMETER) from error
        except CONTENTION as error:
            raise StorageContention("the transaction conflicted with another one") from error
        except LOST_CONNECTION as error:
            raise TransientStorageError("the connection to the database was lost") from error
        except BUSY as error:
            raise StorageBusy("the statement took too long") from error
        except UNAVAILABLE as error:
            self._terminate(error)  # releasing the connection would wait for the cancelled statement
            raise StorageUnavailable("the database does not respond") from error
        except pg.InterfaceError as error:
            if self._is_lost:
                raise TransientStorageError("the connection to the database was lost") from error
            raise


async def _skip_reset(connection: object) -> None:
    """Do nothing: no use case leaves settings, advisory locks, cursors or listeners on a connection."""
