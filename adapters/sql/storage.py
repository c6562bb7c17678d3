from types import TracebackType
from typing import Self

from sqlalchemy import Dialect, literal, make_url, select

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import Database
from adapters.sql.engine.postgres import PostgresDatabase
from adapters.sql.engine.sqlite import SqliteDatabase
from adapters.sql.engine.transaction import Transaction
from adapters.sql.files.files import FileStatements, SqlFileRepository
from adapters.sql.identity.sessions import SessionStatements, SqlResetTokenRepository, SqlSessionRepository
from adapters.sql.identity.users import SqlUserRepository, UserStatements
from adapters.sql.jobs.queue import JobStatements, SqlJobQueue
from adapters.sql.platform.idempotency import IdempotencyStatements, SqlIdempotencyRecords
from adapters.sql.tasks.history import HistoryStatements, SqlTaskHistory
from adapters.sql.tasks.tasks import SqlTaskRepository, TaskStatements
from application.platform.metrics import Meter, Readings


class SqlStorage:
    """PostgreSQL (`postgresql+asyncpg://…`) or an SQLite file (`sqlite+aiosqlite:///…`), migrated to head."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self._database = _database(url, pool_size)
        self._statements = Statements(self._database.dialect)
        self._nothing = Statement(select(literal(1)), self._database.dialect)

    def unit_of_work(self) -> "SqlUnitOfWork":
        return SqlUnitOfWork(Transaction(self._database), self._statements)

    async def open(self) -> None:
        await self._database.open()

    async def check(self) -> None:
        connection = await self._database.acquire()
        try:
            await connection.fetch(self._nothing, {})
        finally:
            await connection.release()

    @property
    def meters(self) -> list[Meter]:
        def use() -> Readings:
            use = self._database.use
            return {("in_use",): use.in_use, ("idle",): use.idle}

        return [
            Meter("task_manager_database_connections", "Connections to the database.", use, labels=("state",)),
            Meter(
                "task_manager_database_connections_max",
                "Connections that the pools may open.",
                lambda: {(): self._database.use.most},
            ),
        ]

    async def close(self) -> None:
        await self._database.close()


class Statements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self.tasks = TaskStatements(dialect)
        self.history = HistoryStatements(dialect)
        self.users = UserStatements(dialect)
        self.sessions = SessionStatements(dialect)
        self.files = FileStatements(dialect)
        self.idempotency = IdempotencyStatements(dialect)
        self.jobs = JobStatements(dialect)


class SqlUnitOfWork:
    def __init__(self, transaction: Transaction, statements: Statements) -> None:
        self._transaction = transaction
        self.tasks = SqlTaskRepository(transaction, statements.tasks)
        self.history = SqlTaskHistory(transaction, statements.history)
        self.users = SqlUserRepository(transaction, statements.users)
        self.sessions = SqlSessionRepository(transaction, statements.sessions)
        self.reset_tokens = SqlResetTokenRepository(transaction, statements.sessions)
        self.files = SqlFileRepository(transaction, statements.files)
        self.idempotency = SqlIdempotencyRecords(transaction, statements.idempotency)
        self.jobs = SqlJobQueue(transaction, statements.jobs)

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
    raise ValueError(f"a database URL begins with postgresql+asyncpg:// or sqlite+aiosqlite://, not {driver}://")
