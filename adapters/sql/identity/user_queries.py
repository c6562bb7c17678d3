"""The conditions of user lists and `UserOrder` as SQL."""

from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import Boolean, Column, SmallInteger, bindparam, select

from adapters.sql.engine import pages
from adapters.sql.engine.conditions import ConditionRegistry, ConditionShape, ConditionSql, Values, contains_words
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import datetime_from_key
from adapters.sql.identity.erasure import IS_PRESENT
from adapters.sql.identity.rows import USER_COLUMNS
from adapters.sql.schema.identity import users
from application.platform.paging import Position
from domain.filters import Criteria
from domain.identity.user import User
from domain.identity.user_query import ROLE_RANKS, IsActive, RoleIs, UserOrder, UserSortField

USER_CONDITIONS: Final = ConditionRegistry(
    contains_words(users.c.search_text),
    ConditionSql(
        RoleIs,
        where=lambda name, *_: [users.c.role == bindparam(name, type_=SmallInteger)],
        values=lambda name, _, condition: {name: ROLE_RANKS[condition.role]},
    ),
    ConditionSql(
        IsActive,
        where=lambda name, *_: [users.c.is_active == bindparam(name, type_=Boolean)],
        values=lambda name, _, condition: {name: condition.expected},
    ),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the text of a query depends on. Calling it builds the query."""

    conditions: tuple[ConditionShape, ...]
    order: UserOrder
    is_after: bool
    is_counted: bool

    def __call__(self, dialect: SqlDialect) -> pages.Rows:
        return build_query(self, dialect)

    @classmethod
    def of(cls, criteria: Criteria[User], order: UserOrder, *, is_after: bool, is_counted: bool) -> Self:
        return cls(USER_CONDITIONS.shapes(criteria.conditions), order, is_after, is_counted)


def build_query(shape: Shape, dialect: SqlDialect) -> pages.Rows:
    key, descending = _sort_column(shape.order), shape.order.descending
    parts = (part for _, parts in USER_CONDITIONS.where(shape.conditions, dialect) for part in parts)
    conditions = [IS_PRESENT, *parts]
    rows = pages.page(
        select(*USER_COLUMNS).where(*conditions), key, users.c.id, descending=descending, is_after=shape.is_after
    )
    if not shape.is_counted:
        return rows
    total = pages.count(select(users.c.id).where(*conditions))
    return pages.with_total(rows, total, USER_COLUMNS, key, descending=descending)


def parameters(criteria: Criteria[User], order: UserOrder, after: Position | None, dialect: SqlDialect) -> Values:
    values = USER_CONDITIONS.values(criteria.conditions, dialect)
    if after is not None:
        is_instant = order.field is UserSortField.CREATED_AT
        values |= {"after_key": datetime_from_key(after.key) if is_instant else after.key, "after_id": after.id}
    return values


def _sort_column(order: UserOrder) -> Column[Any]:
    match order.field:
        case UserSortField.USERNAME:
            return users.c.username_key
        case UserSortField.EMAIL:
            return users.c.email_key
        case _:
            return users.c[order.field]
