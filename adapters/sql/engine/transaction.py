from collections.abc import Sequence
from typing import Any

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import Connection, Database, Values


class Transaction:
    """What one unit of work says to the database.

    It takes a connection with its first statement, and begins a transaction with its first write, so that
    a read alone is one round trip.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._is_writing = False

    async def fetch(self, statement: Statement, **values: Any) -> Sequence[Any]:
        return await (await self._connected()).fetch(statement, values)

    async def fetch_writing(self, statement: Statement, **values: Any) -> Sequence[Any]:
        """As `fetch`, within the transaction: for what is about to be written, or is by this very statement."""
        return await (await self._begun()).fetch(statement, values)

    async def execute(self, statement: Statement, *rows: Values) -> None:
        """Once for each of `rows`."""
        if not rows:
            return
        await (await self._begun()).execute(statement, rows)

    async def commit(self) -> None:
        if self._is_writing and self._connection is not None:
            await self._connection.commit()

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.release()

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = await self._database.acquire()
        return self._connection

    async def _begun(self) -> Connection:
        connection = await self._connected()
        if not self._is_writing:
            await connection.begin()
            self._is_writing = True
        return connection
