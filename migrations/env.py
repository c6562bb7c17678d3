"""Runs on the connection it is handed, or, called by alembic's own command, on the one of DATABASE_URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.sql.schema.tables import metadata

LOCK = 0x7461736B
OPTIONAL_INDEXES = {"ix_tasks_search", "ix_tasks_tags"}


def is_ours(object_: object, name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    """Indexes that only some servers can have are made by the migrations alone."""
    return not (type_ == "index" and name in OPTIONAL_INDEXES)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=is_ours,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,  # which alembic doubts of SQLite, and commits between revisions
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        context.run_migrations()


async def run_alone() -> None:
    engine = create_async_engine(
        os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///data/task-manager.db"), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if (handed := context.config.attributes.get("connection")) is not None:
    run(handed)
else:
    asyncio.run(run_alone())
