import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Executable, Text, Uuid, bindparam, func, select

from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import SqlDialect, delete_batch
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.schema.idempotency import idempotency_records
from application.platform.idempotency import AlreadyExecuted, IdempotencyKeyInUse, IdempotencyRecord, RequestKey
from domain.errors import UserNotFound

_TABLE: Final = idempotency_records
_NOW: Final = bindparam("now", type_=Instant)

TRY_LOCK: Final = select(func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text), 0)))

FIND_RECORD: Final = select(*_TABLE.c).where(
    _TABLE.c.user_id == bindparam("user_id", type_=Uuid),
    _TABLE.c.operation == bindparam("operation", type_=Text),
    _TABLE.c.key == bindparam("key", type_=Text),
    _TABLE.c.expires_at > _NOW,
)

DELETE_EXPIRED_RECORDS: Final = delete_batch(_TABLE, _TABLE.c.expires_at <= _NOW)


def insert_record(dialect: SqlDialect) -> Executable:
    """Build an INSERT that replaces an expired record of the same key. It returns no row if a valid one exists."""
    row: Any = dialect.insert(_TABLE)
    replaced = ("fingerprint", "payload", "expires_at", "subject_id")
    statement: Executable = row.on_conflict_do_update(
        index_elements=list(_TABLE.primary_key),
        set_={name: row.excluded[name] for name in replaced},
        where=_TABLE.c.expires_at <= _NOW,
    ).returning(_TABLE.c.user_id)
    return statement


class SqlIdempotencyRecords:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, record: IdempotencyRecord, now: datetime) -> None:
        request = record.request
        if self._transaction.dialect.has_concurrent_writers:
            name = f"{request.user_id} {request.operation} {request.key}"
            ((is_locked,),) = await self._transaction.fetch_writing(TRY_LOCK, name=name)
            if not is_locked:
                raise IdempotencyKeyInUse
        try:
            stored = await self._transaction.fetch_writing(insert_record, now=now, **_to_row(record))
        except ReferenceViolated as error:
            raise UserNotFound from error
        if not stored and (kept := await self.find(request, now)) is not None:
            raise AlreadyExecuted(kept)

    async def find(self, request: RequestKey, now: datetime) -> IdempotencyRecord | None:
        rows = await self._transaction.fetch(
            FIND_RECORD, now=now, user_id=request.user_id, operation=request.operation, key=request.key
        )
        return _from_row(rows[0]) if rows else None

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_EXPIRED_RECORDS, now=now, limit=limit))


def _to_row(record: IdempotencyRecord) -> dict[str, Any]:
    return {
        "user_id": record.request.user_id,
        "operation": record.request.operation,
        "key": record.request.key,
        "fingerprint": record.fingerprint,
        "payload": record.payload,
        "expires_at": record.expires_at,
        "subject_id": record.subject_id,
    }


def _from_row(row: Sequence[Any]) -> IdempotencyRecord:
    user_id, operation, key, fingerprint, status, headers, body, expires_at, payload, subject_id = row
    if payload is None:
        # Written by version 0.1, which may still be running during an upgrade. Such rows expire within a day.
        payload = json.dumps({"status": status, "headers": headers}).encode() + b"\n" + body
    return IdempotencyRecord(RequestKey(user_id, operation, key), fingerprint, payload, expires_at, subject_id)
