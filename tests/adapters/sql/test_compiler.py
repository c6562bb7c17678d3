from uuid import uuid4

import aiosqlite
import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

from adapters.sql.engine.compiler import Compiler
from adapters.sql.engine.sqlite import make_daemon
from adapters.sql.files.files import FILE_BY_ID, Shape, existing_files

DIALECTS = [PGDialect_asyncpg(), SQLiteDialect_aiosqlite()]  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_equal_queries_share_one_compiled_statement(dialect: Dialect) -> None:
    compile = Compiler(dialect).compile
    shape, equal = (Shape(has_task=False, is_after=True, is_counted=True) for _ in range(2))

    assert compile(FILE_BY_ID) is compile(FILE_BY_ID)
    assert compile(existing_files) is compile(existing_files)
    assert compile(shape) is compile(equal)
    assert compile(shape) is not compile(Shape(has_task=True, is_after=True, is_counted=True))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_arguments_are_in_the_order_of_the_placeholders(dialect: Dialect) -> None:
    owner_id, file_id = uuid4(), uuid4()
    arguments = Compiler(dialect).compile(FILE_BY_ID).arguments({"id": file_id, "owner_id": owner_id})

    assert [str(value).replace("-", "") for value in arguments] == [owner_id.hex, file_id.hex]


async def test_the_thread_of_a_connection_does_not_keep_the_process_alive() -> None:
    connection = aiosqlite.connect(":memory:")
    make_daemon(connection)
    try:
        await connection
        assert connection._thread.daemon, "aiosqlite changed: find another way to make its thread a daemon"
    finally:
        await connection.close()
