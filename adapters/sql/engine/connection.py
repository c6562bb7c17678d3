"""What the repositories need from a database, whichever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.sql.engine.compiler import Compiler, Statement

Values = Mapping[str, Any]


class UniquenessViolated(Exception):
    """A row with this key exists in `table`."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


class ReferenceViolated(Exception):
    """The row that a foreign key refers to does not exist."""


class TableMissing(Exception):
    """A table of the statement does not exist."""


class Connection(Protocol):
    """A connection of the pool, with at most one transaction.

    The driver's exceptions are translated: methods raise UniquenessViolated, ReferenceViolated, TableMissing,
    StorageUnavailable and TransientStorageError. Other exceptions are programming errors.
    """

    async def begin(self) -> None: ...

    async def commit(self) -> None: ...

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Any]: ...

    async def execute(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Execute the statement once for each of `rows`."""
        ...

    async def require_usable(self, tables: Sequence[str]) -> None:
        """Check that the database accepts reads and writes of these tables. Write nothing. The schema must exist.

        Raises:
            StorageUnavailable: The database is read-only, or the role lacks a privilege.
        """
        ...

    async def release(self) -> None:
        """Roll back an open transaction and return the connection to the pool."""
        ...


@dataclass(frozen=True, slots=True)
class PoolUse:
    """How many connections a pool has open, and how many it may open."""

    in_use: int
    idle: int
    max_size: int


class Database(Protocol):
    """A pool of connections to one database."""

    @property
    def compiler(self) -> Compiler: ...

    @property
    def use(self) -> PoolUse: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def acquire(self) -> Connection:
        """Take a connection from the pool.

        Raises:
            StorageUnavailable: No connection is free or can be opened in time.
        """
        ...
