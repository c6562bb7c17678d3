"""Run the migrations on a given connection, or print their SQL. The alembic command connects to DATABASE_URL."""

import asyncio
import os
from collections.abc import Collection
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, MetaData, String, Table

from adapters.sql.schema.connections import connect
from adapters.sql.schema.tables import metadata

OPTIONAL_INDEXES = {"ix_tasks_search", "ix_tasks_tags", "ix_users_search"}

LOCK = 0x7461736B
PREPARATION = (
    "SELECT set_config(name, '0', true) FROM pg_settings"
    " WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')",
    "SET LOCAL lock_timeout = '60s'",
    f"SELECT pg_advisory_xact_lock({LOCK})",
    "SET LOCAL lock_timeout = '5s'",
)
"""Statements that come first on PostgreSQL. The timeouts of the role are for requests.

A process waits a minute for another one that migrates. It waits 5 s for the lock of a table, because requests to the
table wait behind it.
"""

FIRST_RECORDED = "0013"
"""The first revision that records which versions of the program it is compatible with."""
VERSION = Table("alembic_version", MetaData(), Column("compatible_from", String(32)))


def include_object(object_: object, name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    """Exclude the indexes that need an extension: the migrations create them, not the metadata."""
    return not (type_ == "index" and name in OPTIONAL_INDEXES)


def record_compatibility(ctx: MigrationContext, step: object, heads: Collection[str], run_args: object) -> None:
    """Store `compatible_from` of the migration beside the new revision, so that versions without it can read it."""
    for revision in heads:
        if revision >= FIRST_RECORDED:
            script = context.script.get_revision(revision)
            ctx.impl.execute(VERSION.update().values(compatible_from=script.module.compatible_from))


def run(**options: Any) -> None:
    context.configure(
        target_metadata=metadata,
        include_object=include_object,
        on_version_apply=record_compatibility,
        transactional_ddl=True,  # alembic assumes otherwise for SQLite and would commit between revisions
        transaction_per_migration=False,
        **options,
    )
    with context.begin_transaction():
        if context.get_context().dialect.name == "postgresql":
            for statement in PREPARATION:
                context.execute(statement)
        context.run_migrations()


def run_on(connection: Connection) -> None:
    run(connection=connection, render_as_batch=connection.dialect.name == "sqlite")


async def run_on_database_url() -> None:
    async with connect(os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///data/task-manager.db")) as connection:
        await connection.run_sync(run_on)
        await connection.commit()


if context.is_offline_mode():
    run(dialect_name=context.config.attributes["backend"], dialect_opts={"paramstyle": "named"}, literal_binds=True)
elif (given := context.config.attributes.get("connection")) is not None:
    run_on(given)
else:
    asyncio.run(run_on_database_url())
