from collections.abc import Callable, Sequence
from typing import Any

from adapters.sql.engine.compiler import Query
from adapters.sql.engine.connection import Connection, Database, Values
from adapters.sql.engine.dialects import SqlDialect
from application.platform.retry import must_lock_reads


class Transaction:
    """The statements of one unit of work.

    It acquires a connection with its first statement and begins a transaction with its first write, so that
    a read alone is one round trip.
    """

    def __init__(self, database: Database, require_open: Callable[[], None]) -> None:
        self.dialect: SqlDialect = database.compiler.dialect
        self._database = database
        self._require_open = require_open
        self._compile = database.compiler.compile
        self._connection: Connection | None = None
        self._is_writing = False
        self.locks_reads = must_lock_reads()
        """Whether reads that a change may follow must lock their rows."""

    async def fetch(self, query: Query, **values: Any) -> Sequence[Any]:
        """Return the rows of a read."""
        return await (await self._connected()).fetch(self._compile(query), values)

    async def fetch_for_change(self, query: Query, locking: Query, **values: Any) -> Sequence[Any]:
        """Return the rows of a read that a change may follow, by the query `locking` if a race must not be lost."""
        if self.locks_reads:
            return await self.fetch_writing(locking, **values)
        return await self.fetch(query, **values)

    async def fetch_writing(self, query: Query, **values: Any) -> Sequence[Any]:
        """Return the rows of a write, or of a read that locks rows or decides about a later write."""
        return await (await self._begun()).fetch(self._compile(query), values)

    async def execute(self, query: Query, *rows: Values) -> None:
        """Execute a write once for each of `rows`."""
        self._require_open()
        if not rows:
            return
        await (await self._begun()).execute(self._compile(query), rows)

    async def commit(self) -> None:
        if self._is_writing and self._connection is not None:
            await self._connection.commit()

    async def close(self) -> None:
        """Release the connection. This rolls back what is not committed."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.release()

    async def _connected(self) -> Connection:
        self._require_open()
        if self._connection is None:
            self._connection = await self._database.acquire()
        return self._connection

    async def _begun(self) -> Connection:
        connection = await self._connected()
        if not self._is_writing:
            await connection.begin()
            self._is_writing = True
        return connection
