from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Dialect, Text, Uuid, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import delete_some
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.schema.idempotency import idempotency_records
from application.platform.idempotency import AlreadyAnswered, Answer, IdempotencyKeyInUse, IdempotencyRecord, RequestKey
from domain.errors import UserNotFound

TABLE = idempotency_records
NOW = bindparam("now", type_=Instant)
REPLACED = ("fingerprint", "status", "headers", "body", "expires_at")


class IdempotencyStatements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @cached_property
    def try_lock(self) -> Statement | None:
        """None where there is one writer at a time."""
        if self._dialect.name != "postgresql":
            return None
        number = func.hashtextextended(bindparam("name", type_=Text), 0)
        return Statement(select(func.pg_try_advisory_xact_lock(number)), self._dialect)

    @cached_property
    def insert(self) -> Statement:
        row: Any = (postgresql if self._dialect.name == "postgresql" else sqlite).insert(TABLE)
        row = row.on_conflict_do_update(
            index_elements=list(TABLE.primary_key),
            set_={name: row.excluded[name] for name in REPLACED},
            where=TABLE.c.expires_at <= NOW,
        )
        return Statement(row.returning(TABLE.c.user_id), self._dialect)

    @cached_property
    def find(self) -> Statement:
        its = (
            TABLE.c.user_id == bindparam("user_id", type_=Uuid),
            TABLE.c.operation == bindparam("operation", type_=Text),
            TABLE.c.key == bindparam("key", type_=Text),
        )
        return Statement(select(*TABLE.c).where(*its, TABLE.c.expires_at > NOW), self._dialect)

    @cached_property
    def delete_expired(self) -> Statement:
        return Statement(delete_some(TABLE, TABLE.c.expires_at <= NOW), self._dialect)


class SqlIdempotencyRecords:
    def __init__(self, transaction: Transaction, statements: IdempotencyStatements) -> None:
        self._transaction = transaction
        self._statements = statements

    async def add(self, record: IdempotencyRecord, now: datetime) -> None:
        request = record.request
        if self._statements.try_lock is not None:
            name = f"{request.user_id} {request.operation} {request.key}"
            ((is_ours,),) = await self._transaction.fetch_writing(self._statements.try_lock, name=name)
            if not is_ours:
                raise IdempotencyKeyInUse
        try:
            stored = await self._transaction.fetch_writing(self._statements.insert, now=now, **_to_row(record))
        except ReferenceViolated as error:
            raise UserNotFound from error
        if not stored and (kept := await self.find(request, now)) is not None:
            raise AlreadyAnswered(kept)

    async def find(self, request: RequestKey, now: datetime) -> IdempotencyRecord | None:
        rows = await self._transaction.fetch(
            self._statements.find, now=now, user_id=request.user_id, operation=request.operation, key=request.key
        )
        return _from_row(rows[0]) if rows else None

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(self._statements.delete_expired, now=now, limit=limit))


def _to_row(record: IdempotencyRecord) -> dict[str, Any]:
    return {
        "user_id": record.request.user_id,
        "operation": record.request.operation,
        "key": record.request.key,
        "fingerprint": record.fingerprint,
        "status": record.answer.status,
        "headers": dict(record.answer.headers),
        "body": record.answer.body,
        "expires_at": record.expires_at,
    }


def _from_row(row: Sequence[Any]) -> IdempotencyRecord:
    user_id, operation, key, fingerprint, status, headers, body, expires_at = row
    return IdempotencyRecord(
        RequestKey(user_id, operation, key), fingerprint, Answer(status, headers, body), expires_at
    )
