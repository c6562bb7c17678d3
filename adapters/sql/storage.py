from types import TracebackType
from typing import Final, Self

from sqlalchemy import literal, make_url, select

from adapters.sql.engine.connection import Database
from adapters.sql.engine.postgres import PostgresDatabase
from adapters.sql.engine.sqlite import SqliteDatabase
from adapters.sql.engine.transaction import Transaction
from adapters.sql.files.files import SqlFileRepository
from adapters.sql.identity.reset_tokens import SqlResetTokenRepository
from adapters.sql.identity.sessions import SqlSessionRepository
from adapters.sql.identity.users import SqlUserRepository
from adapters.sql.jobs.queue import SqlJobQueue
from adapters.sql.platform.idempotency import SqlIdempotencyRecords
from adapters.sql.tasks.history import SqlTaskHistory
from adapters.sql.tasks.tasks import SqlTaskRepository
from application.platform.metrics import Metric, Samples

PING: Final = select(literal(1))


class SqlStorage:
    """PostgreSQL (`postgresql+asyncpg://…`) or an SQLite file (`sqlite+aiosqlite:///…`), migrated to head."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self._database = _database(url, pool_size)

    def unit_of_work(self) -> "SqlUnitOfWork":
        return SqlUnitOfWork(Transaction(self._database))

    async def open(self) -> None:
        await self._database.open()

    async def check(self) -> None:
        connection = await self._database.acquire()
        try:
            await connection.fetch(self._database.compiler.compile(PING), {})
        finally:
            await connection.release()

    @property
    def metrics(self) -> list[Metric]:
        def use() -> Samples:
            use = self._database.use
            return {("in_use",): use.in_use, ("idle",): use.idle}

        return [
            Metric("task_manager_database_connections", "Connections to the database.", use, labels=("state",)),
            Metric(
                "task_manager_database_connections_max",
                "Connections that the pools may open.",
                lambda: {(): self._database.use.max_size},
            ),
        ]

    async def close(self) -> None:
        await self._database.close()


class SqlUnitOfWork:
    """All repositories on one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.tasks = SqlTaskRepository(transaction)
        self.history = SqlTaskHistory(transaction)
        self.users = SqlUserRepository(transaction)
        self.sessions = SqlSessionRepository(transaction)
        self.reset_tokens = SqlResetTokenRepository(transaction)
        self.files = SqlFileRepository(transaction)
        self.idempotency = SqlIdempotencyRecords(transaction)
        self.jobs = SqlJobQueue(transaction)

    async def commit(self) -> None:
        await self._transaction.commit()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transaction.close()


def _database(url: str, pool_size: int) -> Database:
    driver = make_url(url).drivername
    match driver:
        case "postgresql+asyncpg":
            return PostgresDatabase(url, pool_size)
        case "sqlite+aiosqlite":
            return SqliteDatabase(url, pool_size)
    raise ValueError(f"the database URL must start with postgresql+asyncpg:// or sqlite+aiosqlite://, not {driver}://")
