"""`TaskCriteria` and `TaskOrder` as SQL. The text depends on which conditions there are, not on their values."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from functools import lru_cache
from typing import Any, Final, Self

from sqlalchemy import BigInteger, Column, ColumnElement, Text, bindparam, cast, func, or_, select, true

from adapters.sql.engine import pages
from adapters.sql.engine.compiler import CUSTOM_PLAN
from adapters.sql.engine.conditions import ConditionShape, Values
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import OWNER, datetime_from_key
from adapters.sql.engine.types import Instant
from adapters.sql.schema.tasks import task_counters, tasks
from adapters.sql.tasks.conditions import IS_OPEN, TASK_CONDITIONS, midnight
from adapters.sql.tasks.rows import TASK_COLUMNS
from application.platform.paging import Position
from domain.filters import ContainsWords
from domain.tasks.conditions import HasTags, IsOverdue, StateCondition
from domain.tasks.counters import CounterKind, state_key
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority
from domain.tasks.task_query import SortField, TaskCriteria, TaskOrder

MAX_MATERIALIZED: Final = 2_000
"""Tasks that a query may materialize: it finds and sorts them in milliseconds. More tasks fill a page soon anyway."""

_OVERDUE_ALONE: Final[tuple[ConditionShape]] = ((IsOverdue, True),)
_STATES: Final = {state_key(status, priority): (status, priority) for status in Status for priority in Priority}


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the text of a query depends on. Calling it builds the query."""

    conditions: tuple[ConditionShape, ...]
    order: TaskOrder
    is_after: bool
    is_counted: bool
    tags_are_few: bool
    """Whether few tasks have the tags. The database cannot know: its statistics on tags cover all owners together."""
    materialize: bool
    """Whether to find all matching tasks and sort them, rather than read in order until the page is full.

    Reading in order takes seconds if few of a million tasks match. The query counts what it finds and stops above
    MAX_MATERIALIZED: the page is wrong then, and `in_order` reads it soon, because many tasks match.
    """

    def __call__(self, dialect: SqlDialect) -> pages.Rows:
        query = build_query(self, dialect)
        return query.execution_options(**{CUSTOM_PLAN: True}) if _has_words(self.conditions) else query

    @classmethod
    def of(
        cls, criteria: TaskCriteria, order: TaskOrder, *, is_after: bool, is_counted: bool, tags_are_few: bool
    ) -> Self:
        conditions = TASK_CONDITIONS.shapes(criteria.conditions)
        materialize = tags_are_few or _has_words(conditions)
        return cls(conditions, order, is_after, is_counted, tags_are_few, materialize)

    @property
    def has_total(self) -> bool:
        """Whether the rows start with a total."""
        return self.is_counted or self.materialize

    @property
    def in_order(self) -> Self:
        """The query that reads in order."""
        return replace(self, tags_are_few=False, materialize=False)


def build_query(shape: Shape, dialect: SqlDialect) -> pages.Rows:
    key, descending = _sort_column(shape.order), shape.order.descending
    conditions = (tasks.c.owner_id == OWNER, *_where(shape, dialect, tags_by_index=shape.tags_are_few))
    rows: Any = tasks
    if shape.materialize:
        found = select(tasks).where(*conditions).limit(MAX_MATERIALIZED + 1)
        rows, conditions = found.cte("few").prefix_with("MATERIALIZED"), ()
    matching = select(*(rows.c[column.name] for column in TASK_COLUMNS)).where(*conditions)
    page = pages.page(matching, rows.c[key.name], rows.c.id, descending=descending, is_after=shape.is_after)
    if not shape.has_total:
        return page
    total = pages.count(select(rows.c.id)) if shape.materialize else _total(shape, dialect)
    return pages.with_total(page, total, TASK_COLUMNS, key, descending=descending)


def tags_of(criteria: TaskCriteria) -> frozenset[Tag]:
    """Return the tags that all matching tasks have."""
    return frozenset().union(*(c.tags for c in criteria.conditions if isinstance(c, HasTags)))


def parameters(criteria: TaskCriteria, order: TaskOrder, after: Position | None, dialect: SqlDialect) -> Values:
    values = TASK_CONDITIONS.values(criteria.conditions, dialect) | _total_values(criteria)
    if after is not None:
        is_instant = order.field in (SortField.CREATED_AT, SortField.UPDATED_AT)
        values["after_key"] = datetime_from_key(after.key) if is_instant else after.key
        values["after_id"] = after.id
    return values


def _has_words(conditions: tuple[ConditionShape, ...]) -> bool:
    return any(condition is ContainsWords for condition, _ in conditions)


def _where(shape: Shape, dialect: SqlDialect, *, tags_by_index: bool = True) -> Iterator[ColumnElement[bool]]:
    for condition, expressions in TASK_CONDITIONS.where(shape.conditions, dialect):
        if condition is HasTags and not tags_by_index:
            expressions = [expression.is_(true()) for expression in expressions]
        yield from expressions


def _total(shape: Shape, dialect: SqlDialect) -> ColumnElement[int]:
    """Sum the counters if they cover the conditions; otherwise count the tasks, up to one above the cap."""
    if shape.conditions == _OVERDUE_ALONE:
        return _overdue_total()
    if all(issubclass(condition, StateCondition) for condition, _ in shape.conditions):
        return _total_of_states(dialect, are_all=not shape.conditions)
    return pages.count(select(tasks.c.id).where(tasks.c.owner_id == OWNER, *_where(shape, dialect)))


def _total_values(criteria: TaskCriteria) -> Values:
    """Return the parameters of `_total`."""
    match criteria.conditions:
        case (IsOverdue(bound, expected=True),):
            today = bound.instant.astimezone(UTC).date()
            return {
                "overdue_day_key": bound.day.isoformat(),
                "overdue_instant_key": today.isoformat(),
                "overdue_since": midnight(today),
                "overdue_until": bound.instant,
            }
        case (_, *_) if criteria.has_stored_total:
            return {"states": _accepted_states(criteria)}
    return {}


@lru_cache(maxsize=1024)
def _accepted_states(criteria: TaskCriteria) -> list[str]:
    """Return the keys of the states that all conditions accept. They are all on status and priority."""
    tests = [condition.accepts for condition in criteria.conditions if isinstance(condition, StateCondition)]
    return [key for key, state in _STATES.items() if all(accepts(*state) for accepts in tests)]


def _total_of_states(dialect: SqlDialect, *, are_all: bool) -> ColumnElement[int]:
    summed = select(cast(func.coalesce(func.sum(task_counters.c.amount), 0), BigInteger)).where(
        task_counters.c.owner_id == OWNER, task_counters.c.kind == CounterKind.STATE
    )
    return (summed if are_all else summed.where(dialect.is_in(task_counters.c.key, "states"))).scalar_subquery()


def _overdue_total() -> ColumnElement[int]:
    """Sum the counters of whole days, and count the tasks of the day that contains the bound."""
    kind, key = task_counters.c.kind, task_counters.c.key
    days = (kind == CounterKind.OPEN_DUE_DAY) & (key < bindparam("overdue_day_key", type_=Text))
    instants = (kind == CounterKind.OPEN_DUE_INSTANT) & (key < bindparam("overdue_instant_key", type_=Text))
    summed = select(cast(func.coalesce(func.sum(task_counters.c.amount), 0), BigInteger))
    counted = select(func.count()).select_from(tasks).where(tasks.c.owner_id == OWNER, IS_OPEN)
    since, until = (bindparam(name, type_=Instant) for name in ("overdue_since", "overdue_until"))
    return (
        summed.where(task_counters.c.owner_id == OWNER, or_(days, instants)).scalar_subquery()
        + counted.where(tasks.c.due_at >= since, tasks.c.due_at < until).scalar_subquery()
    )


def _sort_column(order: TaskOrder) -> Column[Any]:
    match order.field:
        case SortField.DUE_DATE:
            return tasks.c.due_descending if order.descending else tasks.c.due_ascending
        case SortField.TITLE:
            return tasks.c.title_key
        case _:
            return tasks.c[order.field]
