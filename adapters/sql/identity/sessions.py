from datetime import datetime
from typing import Final

from sqlalchemy import Integer, Uuid, bindparam, delete, insert, select, update

from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import delete_batch
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.identity.rows import ROLE_AT, SESSION_COLUMNS, session_from_row, session_to_row
from adapters.sql.schema.identity import sessions, users
from application.identity.ports import SessionState
from domain.errors import SessionNotFound, StaleSession, UserNotFound
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import UserId

_IS_USERS: Final = sessions.c.user_id == bindparam("user_id", type_=Uuid)
_IS_ID: Final = sessions.c.id == bindparam("id", type_=Uuid)

SESSION_BY_ID: Final = select(*SESSION_COLUMNS).where(_IS_USERS, _IS_ID)
SESSION_BY_ID_FOR_UPDATE: Final = SESSION_BY_ID.with_for_update()
SESSIONS_OF_USER: Final = select(*SESSION_COLUMNS).where(_IS_USERS).order_by(sessions.c.id.desc())
SESSION_STATE: Final = (
    select(users.c.role, users.c.timezone, sessions.c.expires_at)
    .select_from(sessions.join(users, sessions.c.user_id == users.c.id))
    .where(_IS_USERS, _IS_ID, users.c.is_active)
)
INSERT_SESSION: Final = insert(sessions)
UPDATE_SESSION: Final = (
    update(sessions)
    .where(sessions.c.user_id == bindparam("key_user_id", type_=Uuid), sessions.c.id == bindparam("key_id", type_=Uuid))
    .values({name: bindparam(name) for name in ("refresh_hash", "family_hash", "last_used_at")})
)
DELETE_SESSION: Final = delete(sessions).where(_IS_USERS, _IS_ID).returning(sessions.c.id)
DELETE_SESSIONS: Final = delete(sessions).where(_IS_USERS)
DELETE_OTHER_SESSIONS: Final = delete(sessions).where(_IS_USERS, sessions.c.id != bindparam("id", type_=Uuid))
DELETE_OLDEST_SESSIONS: Final = (
    delete(sessions)
    .where(
        _IS_USERS,
        sessions.c.id
        <= select(sessions.c.id)
        .where(_IS_USERS)
        .order_by(sessions.c.id.desc())
        .limit(1)
        .offset(bindparam("keep", type_=Integer))
        .scalar_subquery(),
    )
    .returning(sessions.c.id)
)
DELETE_EXPIRED_SESSIONS: Final = delete_batch(sessions, sessions.c.expires_at <= bindparam("now", type_=Instant))


class SqlSessionRepository:
    """Sessions in the table `sessions`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, session: Session) -> None:
        try:
            await self._transaction.execute(INSERT_SESSION, session_to_row(session))
        except ReferenceViolated as error:
            raise UserNotFound from error

    async def get(self, session_id: SessionId, *, user_id: UserId) -> Session:
        rows = await self._transaction.fetch_for_change(
            SESSION_BY_ID, SESSION_BY_ID_FOR_UPDATE, user_id=user_id, id=session_id
        )
        if not rows:
            raise SessionNotFound(ids=[session_id])
        return session_from_row(rows[0])

    async def find_by_user(self, user_id: UserId) -> list[Session]:
        rows = await self._transaction.fetch(SESSIONS_OF_USER, user_id=user_id)
        return [session_from_row(row) for row in rows]

    async def state(self, session_id: SessionId, *, user_id: UserId) -> SessionState | None:
        rows = await self._transaction.fetch(SESSION_STATE, user_id=user_id, id=session_id)
        if not rows:
            return None
        role, timezone, expires_at = rows[0]
        return SessionState(Actor(user_id, ROLE_AT[role], timezone), expires_at)

    async def save(self, session: Session, *, replacing: Session) -> None:
        key = {"user_id": session.user_id, "id": session.id}
        rows = await self._transaction.fetch_writing(SESSION_BY_ID_FOR_UPDATE, **key)
        if not rows:
            raise SessionNotFound
        if session_from_row(rows[0]) != replacing:
            raise StaleSession
        row = session_to_row(session) | {"key_user_id": session.user_id, "key_id": session.id}
        await self._transaction.execute(UPDATE_SESSION, row)

    async def remove(self, session_id: SessionId, *, user_id: UserId) -> None:
        if not await self._transaction.fetch_writing(DELETE_SESSION, user_id=user_id, id=session_id):
            raise SessionNotFound(ids=[session_id])

    async def remove_all(self, user_id: UserId, *, keep: SessionId | None = None) -> None:
        if keep is None:
            await self._transaction.execute(DELETE_SESSIONS, {"user_id": user_id})
        else:
            await self._transaction.execute(DELETE_OTHER_SESSIONS, {"user_id": user_id, "id": keep})

    async def remove_oldest(self, user_id: UserId, *, keep: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_OLDEST_SESSIONS, user_id=user_id, keep=keep))

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_EXPIRED_SESSIONS, now=now, limit=limit))
