from typing import Final
from uuid import uuid4

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sql.engine.hosts import Hosts, require_utf8
from application.platform.unit_of_work import StorageUnavailable

MISPLACED: Final = """
    SELECT relnamespace::regnamespace::text, current_schema() FROM pg_class
    WHERE oid = to_regclass('username_claims')
    AND relnamespace::regnamespace <> to_regnamespace(quote_ident(current_schema()))
"""
"""The schema of the tables, and the one of new tables, if they differ."""


def postgres_engine(url: str) -> AsyncEngine:
    """Return an engine for migrations. Connecting raises OSError or TimeoutError if the server cannot be reached."""

    async def open_connection(**_: object) -> asyncpg.Connection:
        try:
            connection: asyncpg.Connection = await Hosts(url).connect(statement_cache_size=0)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ConnectionError(str(error)) from error
        try:
            await require_utf8(connection)
            await _require_schema(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    # Clients of PgBouncer share server connections, so the names of prepared statements must be unique.
    options = {
        "async_creator_fn": open_connection,
        "prepared_statement_name_func": lambda: f"__task_manager_{uuid4().hex}__",
    }
    return create_async_engine("postgresql+asyncpg://", poolclass=NullPool, connect_args=options)


async def _require_schema(connection: asyncpg.Connection) -> None:
    """Check that new tables would get the schema of the existing ones. The migrations name no schema.

    Raises:
        StorageUnavailable: The search_path has changed.
    """
    if found := await connection.fetchrow(MISPLACED):
        existing, new = found
        raise StorageUnavailable(
            f"the tables are in the schema {existing}, but the search_path of this role creates new ones in {new}: "
            f"ALTER ROLE … SET search_path = {existing}"
        )
