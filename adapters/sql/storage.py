from types import TracebackType
from typing import Self

from sqlalchemy import make_url

from adapters.sql.connection import Database
from adapters.sql.postgres import PostgresDatabase
from adapters.sql.sessions import SessionStatements, SqlResetTokenRepository, SqlSessionRepository
from adapters.sql.sqlite import SqliteDatabase
from adapters.sql.tasks import SqlTaskRepository, TaskStatements
from adapters.sql.transaction import Transaction
from adapters.sql.users import SqlUserRepository, UserStatements


class SqlStorage:
    """PostgreSQL (`postgresql+asyncpg://…`) or an SQLite file (`sqlite+aiosqlite:///…`), migrated to head."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self._database = _database(url, pool_size)
        self._task_statements = TaskStatements(self._database.dialect)
        self._user_statements = UserStatements(self._database.dialect)
        self._session_statements = SessionStatements(self._database.dialect)

    def unit_of_work(self) -> "SqlUnitOfWork":
        return SqlUnitOfWork(
            Transaction(self._database), self._task_statements, self._user_statements, self._session_statements
        )

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()


class SqlUnitOfWork:
    def __init__(
        self,
        transaction: Transaction,
        task_statements: TaskStatements,
        user_statements: UserStatements,
        session_statements: SessionStatements,
    ) -> None:
        self._transaction = transaction
        self.tasks = SqlTaskRepository(transaction, task_statements)
        self.users = SqlUserRepository(transaction, user_statements)
        self.sessions = SqlSessionRepository(transaction, session_statements)
        self.reset_tokens = SqlResetTokenRepository(transaction, session_statements)

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
