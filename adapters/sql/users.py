from functools import cached_property

from sqlalchemy import Dialect, Text, bindparam, insert, select

from adapters.sql.connection import UniquenessViolated
from adapters.sql.rows import USER_COLUMNS, user_from_row, user_to_row
from adapters.sql.session import Session
from adapters.sql.statement import Statement
from adapters.sql.tables import email_claims, username_claims, users
from domain.errors import EmailTaken, UsernameTaken, UserNotFound
from domain.user import User, UserId, name_key


class UserStatements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @cached_property
    def insert(self) -> Statement:
        return Statement(insert(users), self._dialect)

    @cached_property
    def claim_username(self) -> Statement:
        return Statement(insert(username_claims), self._dialect)

    @cached_property
    def claim_email(self) -> Statement:
        return Statement(insert(email_claims), self._dialect)

    @cached_property
    def by_id(self) -> Statement:
        return Statement(select(*USER_COLUMNS).where(users.c.id == bindparam("id")), self._dialect)

    @cached_property
    def id_by_login(self) -> Statement:
        key = bindparam("key", type_=Text)
        by_username = select(username_claims.c.user_id).where(username_claims.c.username_key == key)
        by_email = select(email_claims.c.user_id).where(email_claims.c.email_key == key)
        return Statement(by_username.union_all(by_email), self._dialect)


class SqlUserRepository:
    def __init__(self, session: Session, statements: UserStatements) -> None:
        self._session = session
        self._statements = statements

    async def add(self, user: User) -> None:
        claimed = self._statements
        try:
            await self._session.execute(
                claimed.claim_username, {"username_key": name_key(user.username), "user_id": user.id}
            )
        except UniquenessViolated as error:
            raise UsernameTaken from error
        try:
            await self._session.execute(claimed.claim_email, {"email_key": name_key(user.email), "user_id": user.id})
        except UniquenessViolated as error:
            raise EmailTaken from error
        await self._session.execute(self._statements.insert, user_to_row(user))

    async def get(self, user_id: UserId) -> User:
        rows = await self._session.fetch(self._statements.by_id, id=user_id)
        if not rows:
            raise UserNotFound
        return user_from_row(rows[0])

    async def find_by_login(self, login: str) -> User | None:
        claims = await self._session.fetch(self._statements.id_by_login, key=name_key(login))
        return await self.get(UserId(claims[0][0])) if claims else None
