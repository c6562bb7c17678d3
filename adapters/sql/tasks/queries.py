"""`TaskCriteria` and `TaskOrder` as SQL. The text depends on which conditions there are, not on their values."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, Final, Self

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Text,
    bindparam,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from adapters.sql.engine import pages
from adapters.sql.engine.compiler import CUSTOM_PLAN
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import OWNER, datetime_from_key
from adapters.sql.engine.types import Instant
from adapters.sql.schema.tasks import task_counters, tasks
from adapters.sql.tasks.rows import TASK_COLUMNS
from application.platform.paging import Position
from domain.calendar import microseconds
from domain.tasks.counters import CounterKind, state_key
from domain.tasks.task_query import (
    ALL_PRIORITIES,
    ALL_STATUSES,
    PRIORITY_RANKS,
    STATUS_RANKS,
    DueBound,
    SortField,
    TaskCriteria,
    TaskOrder,
)

MAX_MATERIALIZED: Final = 2_000
"""Tasks that a query may materialize: it finds and sorts them in milliseconds. More tasks fill a page soon anyway."""

IS_OPEN: Final = tasks.c.status < 2


@dataclass(frozen=True, slots=True)
class Shape:
    """Which conditions there are: all that the text of a query depends on. Calling it builds the query."""

    has_statuses: bool
    has_priorities: bool
    has_tags: bool
    words: int
    overdue: bool | None
    has_created_from: bool
    has_created_until: bool
    has_due_from: bool
    has_due_until: bool
    order: TaskOrder
    is_after: bool
    is_counted: bool
    materialize: bool
    """Whether to find all matching tasks and sort them, rather than read in order until the page is full.

    The database cannot choose well: its statistics on tags cover all owners together. Only with tags.
    """

    def __call__(self, dialect: SqlDialect) -> pages.Rows:
        query = build_query(self, dialect)
        return query.execution_options(**{CUSTOM_PLAN: True}) if self.words else query

    @classmethod
    def of(
        cls, criteria: TaskCriteria, order: TaskOrder, *, is_after: bool, is_counted: bool, materialize: bool
    ) -> Self:
        return cls(
            has_statuses=criteria.statuses != ALL_STATUSES,
            has_priorities=criteria.priorities != ALL_PRIORITIES,
            has_tags=bool(criteria.tags),
            words=len(criteria.words),
            overdue=criteria.overdue,
            has_created_from=criteria.created_from is not None,
            has_created_until=criteria.created_until is not None,
            has_due_from=criteria.due_from is not None,
            has_due_until=criteria.due_until is not None,
            order=order,
            is_after=is_after,
            is_counted=is_counted,
            materialize=materialize,
        )

    @property
    def is_overdue_alone(self) -> bool:
        """Whether "overdue" is the only condition."""
        return (
            replace(self, overdue=None).has_stored_total
            and self.overdue is True
            and not (self.has_statuses or self.has_priorities)
        )

    @property
    def has_stored_total(self) -> bool:
        """The same as `TaskCriteria.has_stored_total`."""
        return not (self.has_tags or self.words or self.has_created_from or self.has_created_until) and not (
            self.overdue is not None or self.has_due_from or self.has_due_until
        )


def build_query(shape: Shape, dialect: SqlDialect) -> pages.Rows:
    key, descending = _sort_column(shape.order), shape.order.descending
    conditions = (tasks.c.owner_id == OWNER, *_conditions(shape, dialect, tags_by_index=shape.materialize))
    rows: Any = tasks
    if shape.materialize:
        rows = select(tasks).where(*conditions).cte("few").prefix_with("MATERIALIZED")
        conditions = ()
    matching = select(*(rows.c[column.name] for column in TASK_COLUMNS)).where(*conditions)
    page = pages.page(matching, rows.c[key.name], rows.c.id, descending=descending, is_after=shape.is_after)
    if not shape.is_counted:
        return page
    return pages.with_total(page, _total(shape, dialect), TASK_COLUMNS, key, descending=descending)


def parameters(criteria: TaskCriteria, order: TaskOrder, after: Position | None, dialect: SqlDialect) -> dict[str, Any]:
    values: dict[str, Any] = {
        "tags": [tag.name for tag in criteria.tags],
        "created_from": criteria.created_from,
        "created_until": criteria.created_until,
    }
    if criteria.statuses != ALL_STATUSES or criteria.priorities != ALL_PRIORITIES:
        values["statuses"] = [STATUS_RANKS[status] for status in criteria.statuses]
        values["priorities"] = [PRIORITY_RANKS[priority] for priority in criteria.priorities]
        values["states"] = [state_key(s, p) for s in criteria.statuses for p in criteria.priorities]
    for number, word in enumerate(criteria.words):
        values[f"word_{number}"] = dialect.text_value(word)
    for name, bound in (
        ("overdue", criteria.overdue_at),
        ("due_from", criteria.due_from),
        ("due_until", criteria.due_until),
    ):
        if bound is not None:
            values |= _bound(name, bound)
    if criteria.overdue_at is not None:
        today = criteria.overdue_at.instant.astimezone(UTC).date()
        days = {"overdue_day_key": criteria.overdue_at.day.isoformat(), "overdue_instant_key": today.isoformat()}
        values |= days | {"overdue_midnight": _midnight(today)}
    if after is not None:
        is_instant = order.field in (SortField.CREATED_AT, SortField.UPDATED_AT)
        values["after_key"] = datetime_from_key(after.key) if is_instant else after.key
        values["after_id"] = after.id
    return values


def _conditions(shape: Shape, dialect: SqlDialect, *, tags_by_index: bool = True) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if shape.has_statuses:
        conditions.append(dialect.is_in(tasks.c.status, "statuses"))
    if shape.has_priorities:
        conditions.append(dialect.is_in(tasks.c.priority, "priorities"))
    if shape.has_tags:
        has_tags = dialect.has_all(tasks.c.tags, "tags")
        conditions.append(has_tags if tags_by_index else has_tags.is_(true()))
    if shape.has_created_from:
        conditions.append(tasks.c.created_at >= bindparam("created_from", type_=Instant))
    if shape.has_created_until:
        conditions.append(tasks.c.created_at < bindparam("created_until", type_=Instant))
    if shape.has_due_from:
        day, instant = _due_parameters("due_from")
        conditions.append(or_(tasks.c.due_day >= day, tasks.c.due_at >= instant))
        conditions.append(tasks.c.due_ascending >= bindparam("due_from_least", type_=BigInteger))
    if shape.has_due_until:
        conditions.append(_is_due_before("due_until"))
        conditions.append(tasks.c.due_ascending < bindparam("due_until_most", type_=BigInteger))
    if shape.overdue is True:
        conditions += [
            IS_OPEN,
            _is_due_before("overdue"),
            tasks.c.due_ascending < bindparam("overdue_most", type_=BigInteger),
        ]
    if shape.overdue is False:
        conditions.append(not_(IS_OPEN & func.coalesce(_is_due_before("overdue"), false())))
    conditions += [dialect.contains_text(tasks.c.search_text, f"word_{number}") for number in range(shape.words)]
    return conditions


def _total(shape: Shape, dialect: SqlDialect) -> ColumnElement[int]:
    """Sum the counters if they cover the conditions; otherwise count the tasks, up to one above the cap."""
    if shape.has_stored_total:
        summed = select(cast(func.coalesce(func.sum(task_counters.c.amount), 0), BigInteger)).where(
            task_counters.c.owner_id == OWNER, task_counters.c.kind == CounterKind.STATE
        )
        if shape.has_statuses or shape.has_priorities:
            summed = summed.where(dialect.is_in(task_counters.c.key, "states"))
        return summed.scalar_subquery()
    if shape.is_overdue_alone:
        return _overdue_total()
    return pages.count(select(tasks.c.id).where(tasks.c.owner_id == OWNER, *_conditions(shape, dialect)))


def _overdue_total() -> ColumnElement[int]:
    """Sum the counters of whole days, and count the tasks of the day that contains the bound."""
    kind, key = task_counters.c.kind, task_counters.c.key
    days = (kind == CounterKind.OPEN_DUE_DAY) & (key < bindparam("overdue_day_key", type_=Text))
    instants = (kind == CounterKind.OPEN_DUE_INSTANT) & (key < bindparam("overdue_instant_key", type_=Text))
    summed = select(cast(func.coalesce(func.sum(task_counters.c.amount), 0), BigInteger))
    counted = select(func.count()).select_from(tasks).where(tasks.c.owner_id == OWNER, IS_OPEN)
    since, until = (bindparam(name, type_=Instant) for name in ("overdue_midnight", "overdue_instant"))
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


def _is_due_before(name: str) -> ColumnElement[bool]:
    """Compare the due date; NULL for a task without one."""
    day, instant = _due_parameters(name)
    return or_(tasks.c.due_day < day, tasks.c.due_at < instant)


def _due_parameters(name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return bindparam(f"{name}_day", type_=Date), bindparam(f"{name}_instant", type_=Instant)


def _bound(name: str, bound: DueBound) -> dict[str, Any]:
    """Return the parameters of a bound. `…_least` and `…_most` limit the index range for both kinds of due date."""
    edges = (microseconds(bound.instant), microseconds(_midnight(bound.day)))
    return {
        f"{name}_day": bound.day,
        f"{name}_instant": bound.instant,
        f"{name}_least": min(edges),
        f"{name}_most": max(edges),
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
