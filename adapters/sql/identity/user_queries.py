"""`UserFilter` and `UserOrder` as SQL. The text depends on which conditions there are, not on their values."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, SmallInteger, bindparam, select

from adapters.sql.engine import pages
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import datetime_from_key
from adapters.sql.identity.rows import USER_COLUMNS
from adapters.sql.schema.identity import users
from application.platform.paging import Position
from domain.identity.user_query import ROLE_RANKS, UserFilter, UserOrder, UserSortField


@dataclass(frozen=True, slots=True)
class Shape:
    """Which conditions there are: all that the text of a query depends on. Calling it builds the query."""

    words: int
    has_role: bool
    has_is_active: bool
    order: UserOrder
    is_after: bool
    is_counted: bool

    def __call__(self, dialect: SqlDialect) -> pages.Rows:
        return build_query(self, dialect)


def shape_of(filter: UserFilter, order: UserOrder, *, is_after: bool, is_counted: bool) -> Shape:
    return Shape(len(filter.words), filter.role is not None, filter.is_active is not None, order, is_after, is_counted)


def build_query(shape: Shape, dialect: SqlDialect) -> pages.Rows:
    key, descending = _sort_column(shape.order), shape.order.descending
    conditions = _conditions(shape, dialect)
    rows = pages.page(
        select(*USER_COLUMNS).where(*conditions), key, users.c.id, descending=descending, is_after=shape.is_after
    )
    if not shape.is_counted:
        return rows
    total = pages.count(select(users.c.id).where(*conditions))
    return pages.with_total(rows, total, USER_COLUMNS, key, descending=descending)


def parameters(filter: UserFilter, order: UserOrder, after: Position | None, dialect: SqlDialect) -> dict[str, Any]:
    values: dict[str, Any] = {
        "role": None if filter.role is None else ROLE_RANKS[filter.role],
        "is_active": filter.is_active,
        **{f"word_{number}": dialect.text_value(word) for number, word in enumerate(filter.words)},
    }
    if after is not None:
        is_instant = order.field is UserSortField.CREATED_AT
        values |= {"after_key": datetime_from_key(after.key) if is_instant else after.key, "after_id": after.id}
    return values


def _conditions(shape: Shape, dialect: SqlDialect) -> list[ColumnElement[bool]]:
    conditions = [dialect.contains_text(users.c.search_text, f"word_{number}") for number in range(shape.words)]
    if shape.has_role:
        conditions.append(users.c.role == bindparam("role", type_=SmallInteger))
    if shape.has_is_active:
        conditions.append(users.c.is_active == bindparam("is_active", type_=Boolean))
    return conditions


def _sort_column(order: UserOrder) -> Column[Any]:
    match order.field:
        case UserSortField.USERNAME:
            return users.c.username_key
        case UserSortField.EMAIL:
            return users.c.email_key
        case _:
            return users.c[order.field]
