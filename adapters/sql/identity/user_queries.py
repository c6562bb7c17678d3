"""`UserFilter` and `UserOrder` as SQL. A statement depends on which conditions there are, not on their values."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, SmallInteger, bindparam, select

from adapters.sql.engine import pages
from adapters.sql.engine.dialects import Idiom
from adapters.sql.engine.pages import instant_at
from adapters.sql.identity.rows import USER_COLUMNS
from adapters.sql.schema.identity import users
from application.platform.paging import Position
from domain.identity.user_query import RANK_OF_ROLE, UserFilter, UserOrder, UserSortField


@dataclass(frozen=True, slots=True)
class Shape:
    """Which conditions there are: all that the text of a statement depends on."""

    words: int
    has_role: bool
    has_is_active: bool
    order: UserOrder
    is_after: bool
    counts: bool


def shape_of(filter: UserFilter, order: UserOrder, *, is_after: bool, counts: bool) -> Shape:
    return Shape(len(filter.words), filter.role is not None, filter.is_active is not None, order, is_after, counts)


def find(shape: Shape, idiom: Idiom) -> pages.Rows:
    key, descending = _sort_column(shape.order), shape.order.descending
    conditions = _conditions(shape, idiom)
    rows = pages.page(
        select(*USER_COLUMNS).where(*conditions), key, users.c.id, descending=descending, is_after=shape.is_after
    )
    if not shape.counts:
        return rows
    total = pages.counted(select(users.c.id).where(*conditions))
    return pages.with_total(rows, total, USER_COLUMNS, key, descending=descending)


def parameters(filter: UserFilter, order: UserOrder, after: Position | None, idiom: Idiom) -> dict[str, Any]:
    values: dict[str, Any] = {
        "role": None if filter.role is None else RANK_OF_ROLE[filter.role],
        "is_active": filter.is_active,
        **{f"word_{number}": idiom.containing(word) for number, word in enumerate(filter.words)},
    }
    if after is not None:
        is_instant = order.field is UserSortField.CREATED_AT
        values |= {"after_key": instant_at(after.key) if is_instant else after.key, "after_id": after.id}
    return values


def _conditions(shape: Shape, idiom: Idiom) -> list[ColumnElement[bool]]:
    conditions = [idiom.contains(users.c.search_text, f"word_{number}") for number in range(shape.words)]
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
