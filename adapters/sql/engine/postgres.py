from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import asyncpg
from asyncpg import exceptions as pg
from sqlalchemy import Dialect, make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import PoolUse, ReferenceViolated, UniquenessViolated, Values
from application.platform.unit_of_work import StorageUnavailable, TransientStorageError

PATIENCE: Final = 1.5
"""Seconds for a connection, and for the answer to a statement; a database that takes longer counts as away."""

SERVER_SETTINGS: Final = {
    "application_name": "task-manager",
    "lock_timeout": "1000",
    "statement_timeout": "5000",
    "idle_in_transaction_session_timeout": "10000",
}

LOST_RACE: Final = (pg.DeadlockDetectedError, pg.SerializationError)
LOST_CONNECTION: Final = (pg.PostgresConnectionError, pg.AdminShutdownError, pg.CrashShutdownError, ConnectionError)
AWAY: Final = (
    OSError,
    TimeoutError,
    pg.OperatorInterventionError,
    pg.InsufficientResourcesError,
    asyncpg.InternalClientError,  # what the driver says when the connection goes in the middle of its own steps
)
BUSY: Final = (pg.LockNotAvailableError, pg.ReadOnlySQLTransactionError)


def dsn_of(url: str) -> str:
    """As the driver and PostgreSQL's own programs know it; what follows the `?` has libpq's names."""
    own = make_url(url).difference_update_query(["prepared_statement_cache_size"])
    return own.set(drivername="postgresql").render_as_string(hide_password=False)


def is_behind_bouncer(url: str) -> bool:
    return make_url(url).query.get("prepared_statement_cache_size") == "0"


class PostgresDatabase:
    """`postgresql+asyncpg://user:password@host:port/name`.

    With `?prepared_statement_cache_size=0` nothing is kept on a server connection between transactions,
    as PgBouncer in transaction mode wants it; time-outs are then to be set on the role.
    """

    def __init__(self, url: str, pool_size: int) -> None:
        self.dialect: Dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
        self._is_behind_bouncer = is_behind_bouncer(url)
        self._dsn = dsn_of(url)
        self._pool_size = pool_size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        session: dict[str, Any] = {"server_settings": SERVER_SETTINGS}
        if self._is_behind_bouncer:
            session = {"statement_cache_size": 0}
        self._pool = await asyncpg.create_pool(
            self._dsn,
            min_size=0,
            max_size=self._pool_size,
            timeout=PATIENCE,
            command_timeout=PATIENCE,
            reset=_nothing_to_reset,
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

    async def acquire(self) -> "PostgresConnection":
        if self._pool is None:
            raise RuntimeError("the storage is used before it was opened")
        try:
            return PostgresConnection(await self._pool.acquire(timeout=PATIENCE), self._pool)
        except (*AWAY, pg.PostgresError, pg.InterfaceError) as error:
            raise StorageUnavailable("no connection to the database") from error


class PostgresConnection:
    def __init__(self, driver: Any, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._driver = driver
        self._pool = pool
        self._is_in_transaction = False

    async def begin(self) -> None:
        self._is_in_transaction = True
        with self._translated():
            await self._driver.execute("BEGIN")

    async def commit(self) -> None:
        try:
            await self._driver.execute("COMMIT")
        except LOST_RACE as error:
            raise TransientStorageError("the transaction lost a race") from error
        except (*AWAY, pg.PostgresConnectionError, pg.InterfaceError) as error:
            self._abandon()
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
            await self._driver.execute("ROLLBACK")
        except (*AWAY, pg.PostgresError, pg.InterfaceError):
            self._abandon()

    @property
    def _is_lost(self) -> bool:
        try:
            return bool(self._driver.is_closed())
        except pg.InterfaceError:  # the pool has taken it back, as it does with what is closed
            return True

    def _abandon(self) -> None:
        with suppress(pg.InterfaceError):
            self._driver.terminate()

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Any]:
        with self._translated():
            if statement.is_planned_anew:  # without a name it is planned when its values are there, and forgotten
                unnamed = await self._driver.prepare(statement.sql, name="")
                found = await unnamed.fetch(*statement.arguments(values))
            else:
                found = await self._driver.fetch(statement.sql, *statement.arguments(values))
        return statement.rows(found)

    async def execute(self, statement: Statement, rows: Sequence[Values]) -> None:
        with self._translated():
            if len(rows) == 1:
                await self._driver.execute(statement.sql, *statement.arguments(rows[0]))
            else:
                await self._driver.executemany(statement.sql, [statement.arguments(row) for row in rows])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except pg.UniqueViolationError as error:
            raise UniquenessViolated(error.table_name or "") from error
        except pg.ForeignKeyViolationError as error:
            raise ReferenceViolated from error
        except LOST_RACE as error:
            raise TransientStorageError("the transaction lost a race") from error
        except LOST_CONNECTION as error:
            raise TransientStorageError("the connection to the database was lost") from error
        except (*AWAY, *BUSY) as error:
            self._abandon()  # a cancelled statement would be waited for on release
            raise StorageUnavailable("the database does not answer") from error
        except pg.InterfaceError as error:
            if self._is_lost:
                raise TransientStorageError("the connection to the database was lost") from error
            raise


async def _nothing_to_reset(connection: object) -> None:
    """No use case leaves session state behind: settings, advisory locks, cursors or listeners."""
