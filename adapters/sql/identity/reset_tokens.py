from datetime import datetime
from typing import Any, Final

from sqlalchemy import Executable, Uuid, bindparam, delete, select

from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import SqlDialect, delete_batch
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.schema.identity import reset_tokens
from application.identity.ports import ResetToken
from domain.errors import UserNotFound
from domain.identity.user import UserId

_IS_USERS: Final = reset_tokens.c.user_id == bindparam("user_id", type_=Uuid)

RESET_TOKEN_FOR_UPDATE: Final = (
    select(reset_tokens.c.user_id, reset_tokens.c.token_hash, reset_tokens.c.expires_at)
    .where(_IS_USERS)
    .with_for_update()
)
DELETE_RESET_TOKEN: Final = delete(reset_tokens).where(_IS_USERS)
DELETE_EXPIRED_RESET_TOKENS: Final = delete_batch(
    reset_tokens, reset_tokens.c.expires_at <= bindparam("now", type_=Instant)
)


def upsert_reset_token(dialect: SqlDialect) -> Executable:
    row: Any = dialect.insert(reset_tokens)
    replaced = {"token_hash": row.excluded.token_hash, "expires_at": row.excluded.expires_at}
    statement: Executable = row.on_conflict_do_update(index_elements=list(reset_tokens.primary_key), set_=replaced)
    return statement


class SqlResetTokenRepository:
    """Reset tokens in the table `reset_tokens`, at most one for each user."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, token: ResetToken) -> None:
        row = {"user_id": token.user_id, "token_hash": token.token_hash, "expires_at": token.expires_at}
        try:
            await self._transaction.execute(upsert_reset_token, row)
        except ReferenceViolated as error:
            raise UserNotFound from error

    async def find(self, user_id: UserId) -> ResetToken | None:
        rows = await self._transaction.fetch_writing(RESET_TOKEN_FOR_UPDATE, user_id=user_id)
        return ResetToken(*rows[0]) if rows else None

    async def remove(self, user_id: UserId) -> None:
        await self._transaction.execute(DELETE_RESET_TOKEN, {"user_id": user_id})

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_EXPIRED_RESET_TOKENS, now=now, limit=limit))
