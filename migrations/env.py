"""Run the migrations on a given connection or, from the alembic command, on the database of DATABASE_URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.sql.schema.tables import metadata

LOCK = 0x7461736B
OPTIONAL_INDEXES = {"ix_tasks_search", "ix_tasks_tags"}


def include_object(object_: object, name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    """Exclude the indexes that need an extension: the migrations create them, not the metadata."""
    return not (type_ == "index" and name in OPTIONAL_INDEXES)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=include_object,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,  # alembic assumes otherwise for SQLite and would commit between revisions
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        context.run_migrations()


async def run_on_database_url() -> None:
    engine = create_async_engine(
        os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///data/task-manager.db"), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if (connection := context.config.attributes.get("connection")) is not None:
    run(connection)
else:
    asyncio.run(run_on_database_url())
