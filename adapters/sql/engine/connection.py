"""What the repositories need of a database, whichever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Dialect

from adapters.sql.engine.compiler import Statement

Values = Mapping[str, Any]


class UniquenessViolated(Exception):
    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


class ReferenceViolated(Exception):
    """A foreign key points at nothing."""


class Connection(Protocol):
    """Raises UniquenessViolated, ReferenceViolated, StorageUnavailable, TransientStorageError, and nothing
    of the driver's own but for mistakes of ours."""

    async def begin(self) -> None: ...

    async def commit(self) -> None: ...

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Any]: ...

    async def execute(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Once for each of `rows`."""
        ...

    async def release(self) -> None:
        """Give it back, with an open transaction undone."""
        ...


@dataclass(frozen=True, slots=True)
class PoolUse:
    in_use: int
    idle: int
    most: int


class Database(Protocol):
    @property
    def dialect(self) -> Dialect: ...

    @property
    def use(self) -> PoolUse:
        """Of its connections."""
        ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def acquire(self) -> Connection:
        """Raises StorageUnavailable."""
        ...
