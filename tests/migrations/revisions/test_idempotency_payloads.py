import json
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from starlette.responses import Response

from adapters.sql.engine.types import Instant
from adapters.sql.schema.migrator import SqlSchema
from application.platform.idempotency import AlreadyExecuted, IdempotencyService, IdempotentWrite, RequestKey
from entrypoints.http.framework.idempotency import StoredResponse, replay
from tests.contracts.given import register
from tests.migrations.databases import opened
from tests.support.builders import ANN, BEN, NOW, a_user
from tests.support.stubs import SettableClock

REQUEST: Final = RequestKey(ANN, "POST /api/v1/tasks", "key")
CONTENT: Final = b"a digest of the request"
HEADERS: Final = {"Location": "/api/v1/tasks/\u00fc", "ETag": '"1"'}
BODY: Final = '{"title":"\u00fc\\n"}\n'.encode() + bytes(range(256))

RECORDS: Final = sa.Table(
    "idempotency_records",
    sa.MetaData(),
    sa.Column("user_id", sa.Uuid),
    sa.Column("operation", sa.String),
    sa.Column("key", sa.String),
    sa.Column("fingerprint", sa.LargeBinary),
    sa.Column("status", sa.SmallInteger),
    sa.Column("headers", sa.JSON),
    sa.Column("body", sa.LargeBinary),
    sa.Column("expires_at", Instant),
)
"""The table at revision 0006."""


async def execute(url: str, statement: sa.Executable) -> list[Any]:
    engine = create_async_engine(url, poolclass=NullPool, json_serializer=partial(json.dumps, ensure_ascii=False))
    async with engine.begin() as connection:
        result = await connection.execute(statement)
        rows = list(result) if result.returns_rows else []
    await engine.dispose()
    return rows


async def replayed(url: str) -> Response:
    write: IdempotentWrite[bytes] = IdempotencyService(SettableClock()).write(REQUEST, CONTENT, bytes)
    async with opened(url) as storage, storage.unit_of_work() as uow:
        with pytest.raises(AlreadyExecuted) as found:
            await write.require_new(uow)
    return replay(found.value.record.payload)


async def prepare(url: str) -> tuple[IdempotentWrite[bytes], dict[str, Any]]:
    """Upgrade the database and register a user. Return a write and its stored response at revision 0006."""
    await SqlSchema(url).upgrade()
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
    write: IdempotentWrite[bytes] = IdempotencyService(SettableClock()).write(REQUEST, CONTENT, bytes)
    return write, {
        "user_id": ANN,
        "operation": REQUEST.operation,
        "key": write.request.key,
        "fingerprint": write.fingerprint,
        "status": 201,
        "headers": HEADERS,
        "body": BODY,
        "expires_at": NOW + timedelta(hours=1),
    }


async def test_a_response_stored_before_the_upgrade_is_replayed_and_survives_the_downgrade(url: str) -> None:
    schema = SqlSchema(url)
    _, old = await prepare(url)
    await schema.downgrade("0006")
    await execute(url, sa.insert(RECORDS).values(old))

    for _ in range(2):
        await schema.upgrade()
        await schema.check()
        response = await replayed(url)
        assert (response.status_code, response.body) == (201, BODY)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        await schema.downgrade("0006")
        assert [row._asdict() for row in await execute(url, sa.select(RECORDS))] == [old]


async def test_a_response_of_the_new_version_survives_the_downgrade(url: str) -> None:
    write, _ = await prepare(url)
    async with opened(url) as storage, storage.unit_of_work() as uow:
        await write.store(uow, StoredResponse(201, HEADERS, BODY).encode())
        await uow.commit()
    await SqlSchema(url).downgrade("0006")

    (row,) = await execute(url, sa.select(RECORDS))
    assert (row.status, row.headers, row.body) == (201, HEADERS, BODY)


async def test_a_response_that_the_previous_version_stored_after_the_upgrade_is_replayed(url: str) -> None:
    _, old = await prepare(url)
    await execute(url, sa.insert(RECORDS).values(old))

    response = await replayed(url)
    assert (response.status_code, response.body) == (201, BODY)


async def test_an_erased_response_is_replayed_as_404_after_the_downgrade(url: str) -> None:
    write, _ = await prepare(url)
    async with opened(url) as storage:
        await register(storage, ben := a_user(id=BEN))
        async with storage.unit_of_work() as uow:
            await write.store(uow, StoredResponse(201, HEADERS, BODY).encode(), subject_id=BEN)
            await uow.commit()
        async with storage.unit_of_work() as uow:
            await uow.users.remove(ben)
            await uow.commit()
    await SqlSchema(url).downgrade("0006")

    (row,) = await execute(url, sa.select(RECORDS))
    assert (row.status, row.headers, row.body) == (404, {}, b"")
