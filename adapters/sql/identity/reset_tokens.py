from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Executable, Uuid, bindparam, delete, select

from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import SqlDialect, delete_batch
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.schema.identity import reset_tokens
from domain.errors import UserNotFound
from domain.identity.reset_tokens import ResetToken, ResetTokens
from domain.identity.user import UserId

_IS_USERS: Final = reset_tokens.c.user_id == bindparam("user_id", type_=Uuid)

RESET_TOKENS_FOR_UPDATE: Final = (
    select(reset_tokens.c.token_hash, reset_tokens.c.expires_at, reset_tokens.c.recent)
    .where(_IS_USERS)
    .with_for_update()
)
DELETE_RESET_TOKENS: Final = delete(reset_tokens).where(_IS_USERS)
DELETE_OUTDATED_RESET_TOKENS: Final = delete_batch(
    reset_tokens, reset_tokens.c.expires_at <= bindparam("expired_by", type_=Instant)
)


def upsert_reset_tokens(dialect: SqlDialect) -> Executable:
    row: Any = dialect.insert(reset_tokens)
    replaced = {name: row.excluded[name] for name in ("token_hash", "expires_at", "recent")}
    statement: Executable = row.on_conflict_do_update(index_elements=list(reset_tokens.primary_key), set_=replaced)
    return statement


class SqlResetTokenRepository:
    """The table `reset_tokens`, with one row for each user: the latest token and a list of the recent ones."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, tokens: ResetTokens) -> None:
        latest = tokens.tokens[-1]
        row = {
            "user_id": tokens.user_id,
            "token_hash": latest.hash,
            "expires_at": latest.expires_at,
            "recent": [_to_document(token) for token in tokens.tokens],
        }
        try:
            await self._transaction.execute(upsert_reset_tokens, row)
        except ReferenceViolated as error:
            raise UserNotFound from error

    async def find(self, user_id: UserId) -> ResetTokens:
        rows = await self._transaction.fetch_writing(RESET_TOKENS_FOR_UPDATE, user_id=user_id)
        if not rows:
            return ResetTokens(user_id)
        token_hash, expires_at, recent = rows[0]
        tokens = [_from_document(document) for document in recent or ()]
        if not tokens or tokens[-1].hash != token_hash:  # the previous version stored the latest one
            tokens.append(ResetToken(mail_id=None, hash=token_hash, created_at=expires_at - ResetToken.LIFETIME))
        return ResetTokens(user_id, tuple(tokens))

    async def remove(self, user_id: UserId) -> None:
        await self._transaction.execute(DELETE_RESET_TOKENS, {"user_id": user_id})

    async def remove_outdated(self, now: datetime, *, limit: int) -> int:
        expired_by = now - ResetTokens.INTERVAL + ResetToken.LIFETIME
        rows = await self._transaction.fetch_writing(DELETE_OUTDATED_RESET_TOKENS, expired_by=expired_by, limit=limit)
        return len(rows)


def _to_document(token: ResetToken) -> list[str | None]:
    mail_id = None if token.mail_id is None else str(token.mail_id)
    return [mail_id, token.hash.hex(), token.created_at.isoformat()]


def _from_document(document: list[Any]) -> ResetToken:
    mail_id, token_hash, created_at = document
    return ResetToken(
        mail_id=mail_id and UUID(mail_id),
        hash=bytes.fromhex(token_hash),
        created_at=datetime.fromisoformat(created_at),
    )
