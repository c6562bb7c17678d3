from functools import cached_property, lru_cache
from typing import Any, Final

from sqlalchemy import Delete, Dialect, Integer, Table, Text, Uuid, bindparam, delete, insert, select, update

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import UniquenessViolated
from adapters.sql.engine.dialects import idiom_of
from adapters.sql.engine.pages import OWNER
from adapters.sql.engine.transaction import Transaction
from adapters.sql.identity import user_queries
from adapters.sql.identity.rows import USER_COLUMNS, user_from_row, user_to_row
from adapters.sql.schema.files import files
from adapters.sql.schema.idempotency import idempotency_records
from adapters.sql.schema.identity import active_admins, email_claims, reset_tokens, sessions, username_claims, users
from adapters.sql.schema.tasks import task_changes, task_tallies, tasks
from application.identity.ports import UserSlice
from application.platform.paging import Position
from domain.errors import EmailTaken, StaleUser, UsernameTaken, UserNotFound
from domain.identity.user import User, UserId, name_key
from domain.identity.user_query import UserFilter, UserOrder
from domain.text import is_storable

_AT_ONCE: Final = 5000
"""Rows removed by one statement, so that none takes long."""


class UserStatements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.idiom = idiom_of(dialect)
        self.find = lru_cache(maxsize=256)(self._find)

    def _find(self, shape: user_queries.Shape) -> Statement:
        return Statement(user_queries.find(shape, self.idiom), self._dialect)

    @cached_property
    def insert(self) -> Statement:
        return Statement(insert(users), self._dialect)

    @cached_property
    def update(self) -> Statement:
        values: dict[str, Any] = {column.name: bindparam(column.name) for column in users.c if column.name != "id"}
        return Statement(
            update(users).where(users.c.id == bindparam("its_id", type_=Uuid)).values(values), self._dialect
        )

    @cached_property
    def claim_username(self) -> Statement:
        return Statement(insert(username_claims), self._dialect)

    @cached_property
    def claim_email(self) -> Statement:
        return Statement(insert(email_claims), self._dialect)

    @cached_property
    def free_username(self) -> Statement:
        key = bindparam("username_key", type_=Text)
        return Statement(delete(username_claims).where(username_claims.c.username_key == key), self._dialect)

    @cached_property
    def free_email(self) -> Statement:
        key = bindparam("email_key", type_=Text)
        return Statement(delete(email_claims).where(email_claims.c.email_key == key), self._dialect)

    @cached_property
    def by_id(self) -> Statement:
        return Statement(select(*USER_COLUMNS).where(users.c.id == bindparam("id")), self._dialect)

    @cached_property
    def by_id_locked(self) -> Statement:
        """For a change of the user; what is being added to the user's things meanwhile need not wait."""
        one = select(*USER_COLUMNS).where(users.c.id == bindparam("id"))
        return Statement(one.with_for_update(key_share=True), self._dialect)

    @cached_property
    def by_id_leaving(self) -> Statement:
        """For the end of the user; nothing is added any more."""
        one = select(*USER_COLUMNS).where(users.c.id == bindparam("id"))
        return Statement(one.with_for_update(), self._dialect)

    @cached_property
    def id_by_login(self) -> Statement:
        key = bindparam("key", type_=Text)
        by_username = select(username_claims.c.user_id).where(username_claims.c.username_key == key)
        by_email = select(email_claims.c.user_id).where(email_claims.c.email_key == key)
        return Statement(by_username.union_all(by_email), self._dialect)

    @cached_property
    def add_admin(self) -> Statement:
        return Statement(insert(active_admins), self._dialect)

    @cached_property
    def drop_admin(self) -> Statement:
        return Statement(self._of_user(active_admins), self._dialect)

    @cached_property
    def admins_locked(self) -> Statement:
        ids = select(active_admins.c.user_id).order_by(active_admins.c.user_id)
        return Statement(ids.with_for_update(), self._dialect)

    @cached_property
    def some_tasks(self) -> Statement:
        some = select(tasks.c.id).where(tasks.c.owner_id == OWNER)
        return Statement(some.limit(bindparam("limit", type_=Integer)), self._dialect)

    @cached_property
    def drop_tasks(self) -> list[Statement]:
        """Of those given, in an order in which nothing points at what is gone."""
        ids = (task_changes.c.task_id, tasks.c.id)
        own = (delete(id.table).where(id.table.c.owner_id == OWNER, self.idiom.one_of(id, "ids")) for id in ids)
        return [Statement(drop, self._dialect) for drop in own]

    @cached_property
    def drop_some_files(self) -> Statement:
        some = select(files.c.id).where(files.c.owner_id == OWNER).limit(bindparam("limit", type_=Integer))
        own = delete(files).where(files.c.owner_id == OWNER, files.c.id.in_(some.scalar_subquery()))
        return Statement(own.returning(files.c.id), self._dialect)

    @cached_property
    def drop_the_rest(self) -> list[Statement]:
        owned = delete(task_tallies).where(task_tallies.c.owner_id == bindparam("user_id", type_=Uuid))
        user = delete(users).where(users.c.id == bindparam("user_id", type_=Uuid))
        of_user = map(self._of_user, (sessions, reset_tokens, idempotency_records, active_admins))
        return [Statement(drop, self._dialect) for drop in (owned, *of_user, user)]

    def _of_user(self, table: Table) -> Delete:
        return delete(table).where(table.c.user_id == bindparam("user_id", type_=Uuid))


class SqlUserRepository:
    def __init__(self, transaction: Transaction, statements: UserStatements) -> None:
        self._transaction = transaction
        self._statements = statements

    async def add(self, user: User) -> None:
        try:
            claim = {"username_key": name_key(user.username), "user_id": user.id}
            await self._transaction.execute(self._statements.claim_username, claim)
        except UniquenessViolated as error:
            raise UsernameTaken from error
        await self._claim_email(user)
        await self._transaction.execute(self._statements.insert, user_to_row(user))
        if user.is_active_admin:
            await self._transaction.execute(self._statements.add_admin, {"user_id": user.id})

    async def get(self, user_id: UserId) -> User:
        rows = await self._transaction.fetch(self._statements.by_id, id=user_id)
        if not rows:
            raise UserNotFound
        return user_from_row(rows[0])

    async def lock(self, user_id: UserId) -> User:
        return await self._lock(self._statements.by_id_locked, user_id)

    async def find_by_login(self, login: str) -> User | None:
        if not is_storable(login):
            return None
        claims = await self._transaction.fetch(self._statements.id_by_login, key=name_key(login))
        return await self.get(UserId(claims[0][0])) if claims else None

    async def find(
        self,
        filter: UserFilter,
        order: UserOrder,
        *,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> UserSlice:
        shape = user_queries.shape_of(filter, order, is_after=after is not None, counts=count)
        rows = await self._transaction.fetch(
            self._statements.find(shape),
            limit=limit,
            skip=0 if after else skip,
            **user_queries.parameters(filter, order, after, self._statements.idiom),
        )
        if not count:
            return UserSlice([user_from_row(row[: len(USER_COLUMNS)]) for row in rows], None)
        return UserSlice([user_from_row(row[1:]) for row in rows if row[1] is not None], rows[0][0])

    async def save(self, user: User) -> None:
        old = await self.lock(user.id)
        _require(old, user.version - 1)
        if name_key(old.email) != name_key(user.email):
            await self._transaction.execute(self._statements.free_email, {"email_key": name_key(old.email)})
            await self._claim_email(user)
        row = user_to_row(user)
        await self._transaction.execute(self._statements.update, row | {"its_id": user.id})
        if old.is_active_admin and not user.is_active_admin:
            await self._transaction.execute(self._statements.drop_admin, {"user_id": user.id})
        if user.is_active_admin and not old.is_active_admin:
            await self._transaction.execute(self._statements.add_admin, {"user_id": user.id})

    async def remove(self, user: User) -> None:
        _require(await self._lock(self._statements.by_id_leaving, user.id), user.version)
        while await self._transaction.fetch_writing(self._statements.drop_some_files, owner_id=user.id, limit=_AT_ONCE):
            pass
        while some := await self._transaction.fetch_writing(
            self._statements.some_tasks, owner_id=user.id, limit=_AT_ONCE
        ):
            ids = self._statements.idiom.members(id for (id,) in some)
            for statement in self._statements.drop_tasks:
                await self._transaction.execute(statement, {"owner_id": user.id, "ids": ids})
        await self._transaction.execute(self._statements.free_username, {"username_key": name_key(user.username)})
        await self._transaction.execute(self._statements.free_email, {"email_key": name_key(user.email)})
        for statement in self._statements.drop_the_rest:
            await self._transaction.execute(statement, {"user_id": user.id})

    async def count_active_admins(self) -> int:
        return len(await self._transaction.fetch_writing(self._statements.admins_locked))

    async def _claim_email(self, user: User) -> None:
        try:
            claim = {"email_key": name_key(user.email), "user_id": user.id}
            await self._transaction.execute(self._statements.claim_email, claim)
        except UniquenessViolated as error:
            raise EmailTaken from error

    async def _lock(self, statement: Statement, user_id: UserId) -> User:
        rows = await self._transaction.fetch_writing(statement, id=user_id)
        if not rows:
            raise UserNotFound
        return user_from_row(rows[0])


def _require(stored: User, version: int) -> None:
    if stored.version != version:
        raise StaleUser
