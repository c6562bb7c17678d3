from typing import Final

from sqlalchemy import Text, Uuid, bindparam, delete, insert, select, update

from adapters.sql.engine.compiler import Query
from adapters.sql.engine.conditions import Values
from adapters.sql.engine.connection import UniquenessViolated
from adapters.sql.engine.transaction import Transaction
from adapters.sql.identity import erasure, user_queries
from adapters.sql.identity.erasure import IS_PRESENT
from adapters.sql.identity.rows import USER_COLUMNS, user_from_row, user_to_row
from adapters.sql.identity.user_queries import Shape
from adapters.sql.schema.identity import active_admins, email_claims, username_claims, users
from application.identity.ports import PurgePosition
from application.platform.paging import Slice, Window
from domain.errors import EmailTaken, StaleUser, UsernameTaken, UserNotFound
from domain.identity.user import User, UserId, normalize_login
from domain.identity.user_query import UserFilter, UserOrder
from domain.text import is_storable

_USERNAME_KEY: Final = bindparam("username_key", type_=Text)
_EMAIL_KEY: Final = bindparam("email_key", type_=Text)
_LOGIN_KEY: Final = bindparam("key", type_=Text)
_USER: Final = bindparam("user_id", type_=Uuid)

USER_BY_ID: Final = select(*USER_COLUMNS).where(users.c.id == bindparam("id"), IS_PRESENT)

USER_BY_ID_FOR_CHANGE: Final = USER_BY_ID.with_for_update(key_share=True)
"""Lock the user for a change. Transactions that insert rows of the user need not wait."""

USER_BY_ID_FOR_REMOVAL: Final = USER_BY_ID.with_for_update()
"""Lock the user for removal. No transaction can insert rows of the user meanwhile."""

ID_BY_LOGIN: Final = (
    select(username_claims.c.user_id)
    .where(username_claims.c.username_key == _LOGIN_KEY)
    .union_all(select(email_claims.c.user_id).where(email_claims.c.email_key == _LOGIN_KEY))
)

INSERT_USER: Final = insert(users)
UPDATE_USER: Final = (
    update(users)
    .where(users.c.id == bindparam("key_id", type_=Uuid))
    .values({column.name: bindparam(column.name) for column in users.c if column.name != "id"})
)

CLAIM_USERNAME: Final = insert(username_claims)
CLAIM_EMAIL: Final = insert(email_claims)
FREE_USERNAME: Final = delete(username_claims).where(username_claims.c.username_key == _USERNAME_KEY)
FREE_EMAIL: Final = delete(email_claims).where(email_claims.c.email_key == _EMAIL_KEY)

INSERT_ADMIN: Final = insert(active_admins)
DELETE_ADMIN: Final = delete(active_admins).where(active_admins.c.user_id == _USER)
ADMINS_FOR_UPDATE: Final = select(active_admins.c.user_id).order_by(active_admins.c.user_id).with_for_update()


class SqlUserRepository:
    """Users in the table `users`. Claim tables keep usernames and e-mail addresses unique."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, user: User) -> None:
        try:
            claim = {"username_key": normalize_login(user.username), "user_id": user.id}
            await self._transaction.execute(CLAIM_USERNAME, claim)
        except UniquenessViolated as error:
            raise UsernameTaken from error
        await self._claim_email(user)
        await self._transaction.execute(INSERT_USER, user_to_row(user))
        if user.is_active_admin:
            await self._transaction.execute(INSERT_ADMIN, {"user_id": user.id})

    async def get(self, user_id: UserId) -> User:
        rows = await self._transaction.fetch_for_change(USER_BY_ID, USER_BY_ID_FOR_CHANGE, id=user_id)
        if not rows:
            raise UserNotFound
        return user_from_row(rows[0])

    async def lock(self, user_id: UserId) -> User:
        return await self._lock(USER_BY_ID_FOR_CHANGE, user_id)

    async def find_by_login(self, login: str) -> User | None:
        if not is_storable(login):
            return None
        claims = await self._transaction.fetch(ID_BY_LOGIN, key=normalize_login(login))
        return await self.get(UserId(claims[0][0])) if claims else None

    async def find(
        self,
        filter: UserFilter,
        order: UserOrder,
        window: Window,
    ) -> Slice[User]:
        criteria = filter.to_criteria()
        values: Values = {
            "limit": window.limit,
            "skip": 0 if window.after else window.skip,
            **user_queries.parameters(criteria, order, window.after, self._transaction.dialect),
        }
        shape = Shape.of(criteria, order, is_after=window.after is not None, is_counted=window.is_counted)
        rows = await self._transaction.fetch(shape, **values)
        total = None
        if shape.has_total:
            total, rows = int(rows[0][0]), [row[1:] for row in rows if row[1] is not None]
            if shape.materialize and total > shape.max_found:
                rows = await self._transaction.fetch(shape.in_order, **values)
        found = [user_from_row(row[: len(USER_COLUMNS)]) for row in rows]
        return Slice(found, total if window.is_counted else None)

    async def save(self, user: User) -> None:
        old = await self.lock(user.id)
        _require(old, user.version - 1)
        if normalize_login(old.email) != normalize_login(user.email):
            await self._transaction.execute(FREE_EMAIL, {"email_key": normalize_login(old.email)})
            await self._claim_email(user)
        row = user_to_row(user)
        await self._transaction.execute(UPDATE_USER, row | {"key_id": user.id})
        if old.is_active_admin and not user.is_active_admin:
            await self._transaction.execute(DELETE_ADMIN, {"user_id": user.id})
        if user.is_active_admin and not old.is_active_admin:
            await self._transaction.execute(INSERT_ADMIN, {"user_id": user.id})

    async def remove(self, user: User) -> None:
        _require(await self._lock(USER_BY_ID_FOR_REMOVAL, user.id), user.version)
        await self._transaction.execute(FREE_USERNAME, {"username_key": normalize_login(user.username)})
        await self._transaction.execute(FREE_EMAIL, {"email_key": normalize_login(user.email)})
        await erasure.remove(self._transaction, user.id)

    async def purge(self, user_id: UserId, *, limit: int, after: PurgePosition = ()) -> PurgePosition | None:
        return await erasure.purge(self._transaction, user_id, limit=limit, after=after)

    async def find_removed(self, *, limit: int) -> list[UserId]:
        return [UserId(id) for (id,) in await self._transaction.fetch(erasure.REMOVED_USERS, limit=limit)]

    async def count_active_admins(self) -> int:
        return len(await self._transaction.fetch_writing(ADMINS_FOR_UPDATE))

    async def _claim_email(self, user: User) -> None:
        try:
            claim = {"email_key": normalize_login(user.email), "user_id": user.id}
            await self._transaction.execute(CLAIM_EMAIL, claim)
        except UniquenessViolated as error:
            raise EmailTaken from error

    async def _lock(self, query: Query, user_id: UserId) -> User:
        rows = await self._transaction.fetch_writing(query, id=user_id)
        if not rows:
            raise UserNotFound
        return user_from_row(rows[0])


def _require(stored: User, version: int) -> None:
    if stored.version != version:
        raise StaleUser
