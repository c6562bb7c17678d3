from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Dialect, Uuid, bindparam, delete, insert, select, update

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import delete_some, upsert
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.identity.rows import ROLE_AT, SESSION_COLUMNS, session_from_row, session_to_row
from adapters.sql.schema.identity import reset_tokens, sessions, users
from application.identity.ports import ResetToken, Standing
from domain.errors import SessionNotFound, StaleSession, UserNotFound
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import UserId

USER = bindparam("user_id", type_=Uuid)
ID = bindparam("id", type_=Uuid)
NOW = bindparam("now", type_=Instant)


class SessionStatements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @cached_property
    def insert(self) -> Statement:
        return Statement(insert(sessions), self._dialect)

    @cached_property
    def update(self) -> Statement:
        is_it = (
            sessions.c.user_id == bindparam("its_user", type_=Uuid),
            sessions.c.id == bindparam("its_id", type_=Uuid),
        )
        values: dict[str, Any] = {name: bindparam(name) for name in ("refresh_hash", "last_used_at")}
        return Statement(update(sessions).where(*is_it).values(values), self._dialect)

    @cached_property
    def by_id(self) -> Statement:
        one = select(*SESSION_COLUMNS).where(sessions.c.user_id == USER, sessions.c.id == ID)
        return Statement(one, self._dialect)

    @cached_property
    def by_id_locked(self) -> Statement:
        one = select(*SESSION_COLUMNS).where(sessions.c.user_id == USER, sessions.c.id == ID)
        return Statement(one.with_for_update(), self._dialect)

    @cached_property
    def of_user(self) -> Statement:
        own = select(*SESSION_COLUMNS).where(sessions.c.user_id == USER).order_by(sessions.c.id.desc())
        return Statement(own, self._dialect)

    @cached_property
    def standing(self) -> Statement:
        together = sessions.join(users, sessions.c.user_id == users.c.id)
        one = select(users.c.role, users.c.timezone, sessions.c.expires_at).select_from(together)
        return Statement(one.where(sessions.c.user_id == USER, sessions.c.id == ID, users.c.is_active), self._dialect)

    @cached_property
    def delete(self) -> Statement:
        one = delete(sessions).where(sessions.c.user_id == USER, sessions.c.id == ID)
        return Statement(one.returning(sessions.c.id), self._dialect)

    @cached_property
    def delete_others(self) -> Statement:
        return Statement(delete(sessions).where(sessions.c.user_id == USER, sessions.c.id != ID), self._dialect)

    @cached_property
    def delete_all(self) -> Statement:
        return Statement(delete(sessions).where(sessions.c.user_id == USER), self._dialect)

    @cached_property
    def delete_expired(self) -> Statement:
        return Statement(delete_some(sessions, sessions.c.expires_at <= NOW), self._dialect)

    @cached_property
    def delete_expired_reset_tokens(self) -> Statement:
        return Statement(delete_some(reset_tokens, reset_tokens.c.expires_at <= NOW), self._dialect)

    @cached_property
    def put_reset_token(self) -> Statement:
        return Statement(upsert(reset_tokens, self._dialect, "token_hash", "expires_at"), self._dialect)

    @cached_property
    def reset_token(self) -> Statement:
        columns = (reset_tokens.c.user_id, reset_tokens.c.token_hash, reset_tokens.c.expires_at)
        return Statement(select(*columns).where(reset_tokens.c.user_id == USER).with_for_update(), self._dialect)

    @cached_property
    def delete_reset_token(self) -> Statement:
        return Statement(delete(reset_tokens).where(reset_tokens.c.user_id == USER), self._dialect)


class SqlSessionRepository:
    def __init__(self, transaction: Transaction, statements: SessionStatements) -> None:
        self._transaction = transaction
        self._statements = statements

    async def add(self, session: Session) -> None:
        try:
            await self._transaction.execute(self._statements.insert, session_to_row(session))
        except ReferenceViolated as error:
            raise UserNotFound from error

    async def get(self, session_id: SessionId, *, user_id: UserId) -> Session:
        rows = await self._transaction.fetch(self._statements.by_id, user_id=user_id, id=session_id)
        if not rows:
            raise SessionNotFound
        return session_from_row(rows[0])

    async def of_user(self, user_id: UserId) -> list[Session]:
        rows = await self._transaction.fetch(self._statements.of_user, user_id=user_id)
        return [session_from_row(row) for row in rows]

    async def standing(self, session_id: SessionId, *, user_id: UserId) -> Standing | None:
        rows = await self._transaction.fetch(self._statements.standing, user_id=user_id, id=session_id)
        if not rows:
            return None
        role, timezone, expires_at = rows[0]
        return Standing(Actor(user_id, ROLE_AT[role], timezone), expires_at)

    async def save(self, session: Session, *, replacing: Session) -> None:
        key = {"user_id": session.user_id, "id": session.id}
        rows = await self._transaction.fetch_writing(self._statements.by_id_locked, **key)
        if not rows:
            raise SessionNotFound
        if session_from_row(rows[0]) != replacing:
            raise StaleSession
        row = session_to_row(session) | {"its_user": session.user_id, "its_id": session.id}
        await self._transaction.execute(self._statements.update, row)

    async def remove(self, session_id: SessionId, *, user_id: UserId) -> None:
        if not await self._transaction.fetch_writing(self._statements.delete, user_id=user_id, id=session_id):
            raise SessionNotFound

    async def remove_all(self, user_id: UserId, *, keep: SessionId | None = None) -> None:
        if keep is None:
            await self._transaction.execute(self._statements.delete_all, {"user_id": user_id})
        else:
            await self._transaction.execute(self._statements.delete_others, {"user_id": user_id, "id": keep})

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(self._statements.delete_expired, now=now, limit=limit))


class SqlResetTokenRepository:
    def __init__(self, transaction: Transaction, statements: SessionStatements) -> None:
        self._transaction = transaction
        self._statements = statements

    async def put(self, token: ResetToken) -> None:
        row = {"user_id": token.user_id, "token_hash": token.token_hash, "expires_at": token.expires_at}
        try:
            await self._transaction.execute(self._statements.put_reset_token, row)
        except ReferenceViolated as error:
            raise UserNotFound from error

    async def find(self, user_id: UserId) -> ResetToken | None:
        rows = await self._transaction.fetch_writing(self._statements.reset_token, user_id=user_id)
        return ResetToken(*rows[0]) if rows else None

    async def remove(self, user_id: UserId) -> None:
        await self._transaction.execute(self._statements.delete_reset_token, {"user_id": user_id})

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        statement = self._statements.delete_expired_reset_tokens
        return len(await self._transaction.fetch_writing(statement, now=now, limit=limit))
