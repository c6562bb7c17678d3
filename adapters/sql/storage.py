from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Self

from sqlalchemy import make_url

from adapters.sql.audit.audit_events import SqlAuditEventRepository
from adapters.sql.engine.compiler import Query
from adapters.sql.engine.connection import Database, PoolUse, TableMissing
from adapters.sql.engine.sqlite import SqliteDatabase
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.urls import check_url
from adapters.sql.files.files import SqlFileRepository
from adapters.sql.files.store_id import SqlFileStoreIdRepository
from adapters.sql.identity.reset_tokens import SqlResetTokenRepository
from adapters.sql.identity.sessions import SqlSessionRepository
from adapters.sql.identity.users import SqlUserRepository
from adapters.sql.jobs.queue import SqlJobQueue
from adapters.sql.operations.copiers import copier_of
from adapters.sql.platform.idempotency import SqlIdempotencyRecords
from adapters.sql.schema.migrator import CURRENT_REVISION, SqlSchema
from adapters.sql.schema.tables import metadata
from adapters.sql.tasks.counters import SqlTaskCounters
from adapters.sql.tasks.history import SqlTaskHistory
from adapters.sql.tasks.tasks import SqlTaskRepository
from application.platform.events import EventDispatcher
from application.platform.time_limit import REQUEST_SECONDS, limit_time
from application.platform.unit_of_work import ManagedUnitOfWork, StorageUnavailable
from application.storage import DatabaseCopier, SchemaRevision
from domain.audit.audit_event import AuditEvent

TABLES: Final = list(metadata.tables)


class SqlStorage:
    """PostgreSQL (`postgresql+asyncpg://…`) or an SQLite file (`sqlite+aiosqlite:///…`), migrated."""

    is_process_local = False

    def __init__(self, url: str, pool_size: int = 10) -> None:
        check_url(url)
        self._url = url
        self._database = _database(url, pool_size)
        self.migrator = SqlSchema(url)
        self._is_served = False

    @property
    def copier(self) -> DatabaseCopier:
        return copier_of(self._url)

    def unit_of_work(self, dispatcher: EventDispatcher | None = None) -> "SqlUnitOfWork":
        return SqlUnitOfWork(self._database, dispatcher)

    async def open(self) -> None:
        """Open the pool and check the schema revision.

        A database that cannot be reached does not prevent the start: `check` raises an error until it has the right
        revision.

        Raises:
            SchemaMismatch: The database is at a revision that this version does not serve.
        """
        await self._database.open()
        try:
            with limit_time(REQUEST_SECONDS), suppress(StorageUnavailable):
                await self._require_served()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._database.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def check(self) -> None:
        await self._require_served()
        connection = await self._database.acquire()
        try:
            await connection.require_usable(TABLES)
        finally:
            await connection.release()

    @property
    def pool_use(self) -> PoolUse:
        """The connections that are open, and how many may be."""
        return self._database.use

    async def _require_served(self) -> None:
        if not self._is_served:
            self.migrator.require(await self._revision())
            self._is_served = True

    async def _revision(self) -> SchemaRevision | None:
        if self.migrator.is_missing:
            return None
        try:
            rows = await self._fetch(CURRENT_REVISION)
        except TableMissing:
            return None
        return SchemaRevision(*rows[0]) if rows else None

    async def _fetch(self, query: Query) -> Sequence[Any]:
        connection = await self._database.acquire()
        try:
            return await connection.fetch(self._database.compiler.compile(query), {})
        finally:
            await connection.release()


class SqlUnitOfWork(ManagedUnitOfWork):
    """All repositories on one transaction."""

    def __init__(self, database: Database, dispatcher: EventDispatcher | None) -> None:
        super().__init__(dispatcher)
        self._transaction = transaction = Transaction(database, self.require_open)
        self.tasks = SqlTaskRepository(transaction)
        self.history = SqlTaskHistory(transaction)
        self.counters = SqlTaskCounters(transaction)
        self.users = SqlUserRepository(transaction)
        self.sessions = SqlSessionRepository(transaction)
        self.reset_tokens = SqlResetTokenRepository(transaction)
        self.files = SqlFileRepository(transaction)
        self.file_store_id = SqlFileStoreIdRepository(transaction)
        self.idempotency = SqlIdempotencyRecords(transaction)
        self.jobs = SqlJobQueue(transaction)
        self.audit_events = SqlAuditEventRepository(transaction)

    async def _add_records(self, records: Sequence[AuditEvent]) -> None:
        await self.audit_events.add(*records)

    async def _commit(self) -> None:
        await self._transaction.commit()

    async def _release(self) -> None:
        await self._transaction.close()


def _database(url: str, pool_size: int) -> Database:
    driver = make_url(url).drivername
    match driver:
        case "postgresql+asyncpg":
            from adapters.sql.engine.postgres import PostgresDatabase  # needs the driver, an optional dependency

            return PostgresDatabase(url, pool_size)
        case "sqlite+aiosqlite":
            return SqliteDatabase(url, pool_size)
    raise ValueError(f"the database URL must start with postgresql+asyncpg:// or sqlite+aiosqlite://, not {driver}://")
