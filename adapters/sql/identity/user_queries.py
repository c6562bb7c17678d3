"""The conditions of user lists and `UserOrder` as SQL."""

from dataclasses import dataclass, replace
from typing import Any, Final, Self

from sqlalchemy import Boolean, Column, SmallInteger, bindparam, select

from adapters.sql.engine import pages
from adapters.sql.engine.compiler import CUSTOM_PLAN
from adapters.sql.engine.conditions import ConditionRegistry, ConditionShape, ConditionSql, Values, contains_words
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import datetime_from_key
from adapters.sql.identity.erasure import IS_PRESENT
from adapters.sql.identity.rows import USER_COLUMNS
from adapters.sql.schema.identity import users
from application.platform.paging import TOTAL_CAP, Position
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


MAX_MATERIALIZED: Final = 2_000
"""Users that a query without a total may materialize. More users fill a page soon when they are read in order."""


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the text of a query depends on. Calling it builds the query."""

    conditions: tuple[ConditionShape, ...]
    order: UserOrder
    is_after: bool
    is_counted: bool
    materialize: bool
    """Whether to find all matching users and sort them, rather than read in order until the page is full.

    Reading in order takes seconds if few of a million users match. The query counts what it finds and stops above
    `max_found`: the page is wrong then, and `in_order` reads it soon, because many users match.
    """

    def __call__(self, dialect: SqlDialect) -> pages.Rows:
        query = build_query(self, dialect)
        return query.execution_options(**{CUSTOM_PLAN: True}) if self.conditions else query

    @classmethod
    def of(cls, criteria: Criteria[User], order: UserOrder, *, is_after: bool, is_counted: bool) -> Self:
        conditions = USER_CONDITIONS.shapes(criteria.conditions)
        return cls(conditions, order, is_after, is_counted, materialize=bool(conditions))

    @property
    def has_total(self) -> bool:
        """Whether the rows start with a total."""
        return self.is_counted or self.materialize

    @property
    def in_order(self) -> Self:
        """The query that reads in order, without a total."""
        return replace(self, is_counted=False, materialize=False)

    @property
    def max_found(self) -> int:
        """The number of users above which a query that materializes stops."""
        return TOTAL_CAP if self.is_counted else MAX_MATERIALIZED


def build_query(shape: Shape, dialect: SqlDialect) -> pages.Rows:
    key, descending = _sort_column(shape.order), shape.order.descending
    parts = (part for _, parts in USER_CONDITIONS.where(shape.conditions, dialect) for part in parts)
    conditions = [IS_PRESENT, *parts]
    rows: Any = users
    if shape.materialize:
        found = select(users).where(*conditions).limit(shape.max_found + 1)
        rows, conditions = found.cte("found").prefix_with("MATERIALIZED"), []
    columns = (rows.c[column.name] for column in USER_COLUMNS)
    page = pages.page(
        select(*columns).where(*conditions),
        rows.c[key.name],
        rows.c.id,
        descending=descending,
        is_after=shape.is_after,
    )
    if not shape.has_total:
        return page
    total = pages.count(select(rows.c.id).where(*conditions))
    return pages.with_total(page, total, USER_COLUMNS, key, descending=descending)


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
