"""`TaskCriteria` and `TaskOrder` as SQL. A statement depends on which conditions there are, not on their values."""

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
from adapters.sql.engine.dialects import Idiom
from adapters.sql.engine.pages import OWNER, instant_at
from adapters.sql.engine.types import Instant
from adapters.sql.schema.tasks import task_tallies, tasks
from adapters.sql.tasks.counters import OPEN_DUE_DAY, OPEN_DUE_INSTANT, STATE, state_key
from adapters.sql.tasks.rows import TASK_COLUMNS
from application.platform.paging import Position
from domain.calendar import microseconds
from domain.tasks.task_query import (
    EVERY_PRIORITY,
    EVERY_STATUS,
    RANK_OF_PRIORITY,
    RANK_OF_STATUS,
    DueBound,
    SortField,
    TaskCriteria,
    TaskOrder,
)

FEW: Final = 2_000
"""Tasks; so many are found and sorted in milliseconds, and of more a page is soon full."""


IS_OPEN: Final = tasks.c.status < 2


@dataclass(frozen=True, slots=True)
class Shape:
    """Which conditions there are: all that the text of a statement depends on."""

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
    counts: bool
    gathers: bool
    """All that match, to sort them, rather than go along the order until the page is full: the database, which
    knows the tags of all owners together, guesses badly which is less work. True only where there are tags."""

    @classmethod
    def of(cls, criteria: TaskCriteria, order: TaskOrder, *, is_after: bool, counts: bool, gathers: bool) -> Self:
        return cls(
            has_statuses=criteria.statuses != EVERY_STATUS,
            has_priorities=criteria.priorities != EVERY_PRIORITY,
            has_tags=bool(criteria.tags),
            words=len(criteria.words),
            overdue=criteria.overdue,
            has_created_from=criteria.created_from is not None,
            has_created_until=criteria.created_until is not None,
            has_due_from=criteria.due_from is not None,
            has_due_until=criteria.due_until is not None,
            order=order,
            is_after=is_after,
            counts=counts,
            gathers=gathers,
        )

    @property
    def is_overdue_alone(self) -> bool:
        """And asks for nothing else."""
        return (
            replace(self, overdue=None).is_plain
            and self.overdue is True
            and not (self.has_statuses or self.has_priorities)
        )

    @property
    def is_plain(self) -> bool:
        """As `TaskCriteria.is_plain`."""
        return not (self.has_tags or self.words or self.has_created_from or self.has_created_until) and not (
            self.overdue is not None or self.has_due_from or self.has_due_until
        )


def find(shape: Shape, idiom: Idiom) -> pages.Rows:
    key, descending = _sort_column(shape.order), shape.order.descending
    conditions = (tasks.c.owner_id == OWNER, *_conditions(shape, idiom, tags_by_index=shape.gathers))
    rows: Any = tasks
    if shape.gathers:
        rows = select(tasks).where(*conditions).cte("few").prefix_with("MATERIALIZED")
        conditions = ()
    matching = select(*(rows.c[column.name] for column in TASK_COLUMNS)).where(*conditions)
    page = pages.page(matching, rows.c[key.name], rows.c.id, descending=descending, is_after=shape.is_after)
    if not shape.counts:
        return page
    return pages.with_total(page, _total(shape, idiom), TASK_COLUMNS, key, descending=descending)


def parameters(criteria: TaskCriteria, order: TaskOrder, after: Position | None, idiom: Idiom) -> dict[str, Any]:
    values: dict[str, Any] = {
        "tags": [tag.name for tag in criteria.tags],
        "created_from": criteria.created_from,
        "created_until": criteria.created_until,
    }
    if criteria.statuses != EVERY_STATUS or criteria.priorities != EVERY_PRIORITY:
        values["statuses"] = [RANK_OF_STATUS[status] for status in criteria.statuses]
        values["priorities"] = [RANK_OF_PRIORITY[priority] for priority in criteria.priorities]
        values["states"] = [state_key(s, p) for s in criteria.statuses for p in criteria.priorities]
    for number, word in enumerate(criteria.words):
        values[f"word_{number}"] = idiom.containing(word)
    for name, bound in (
        ("overdue", criteria.overdue_at),
        ("due_from", criteria.due_from),
        ("due_until", criteria.due_until),
    ):
        if bound is not None:
            values |= _bound(name, bound)
    if criteria.overdue_at is not None:
        today = criteria.overdue_at.instant.astimezone(UTC).date()
        values["overdue_midnight"] = _midnight(today)
        values["overdue_day_key"] = criteria.overdue_at.day.isoformat()
        values["overdue_instant_key"] = today.isoformat()
    if after is not None:
        is_instant = order.field in (SortField.CREATED_AT, SortField.UPDATED_AT)
        values["after_key"] = instant_at(after.key) if is_instant else after.key
        values["after_id"] = after.id
    return values


def _conditions(shape: Shape, idiom: Idiom, *, tags_by_index: bool = True) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if shape.has_statuses:
        conditions.append(idiom.one_of(tasks.c.status, "statuses"))
    if shape.has_priorities:
        conditions.append(idiom.one_of(tasks.c.priority, "priorities"))
    if shape.has_tags:
        has_tags = idiom.has_all(tasks.c.tags, "tags")
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
    conditions += [idiom.contains(tasks.c.search_text, f"word_{number}") for number in range(shape.words)]
    return conditions


def _total(shape: Shape, idiom: Idiom) -> ColumnElement[int]:
    """From the tallies where they know it, or else counted to one more than is told."""
    if shape.is_plain:
        tallied = select(cast(func.coalesce(func.sum(task_tallies.c.amount), 0), BigInteger)).where(
            task_tallies.c.owner_id == OWNER, task_tallies.c.kind == STATE
        )
        if shape.has_statuses or shape.has_priorities:
            tallied = tallied.where(idiom.one_of(task_tallies.c.key, "states"))
        return tallied.scalar_subquery()
    if shape.is_overdue_alone:
        return _overdue_total()
    return pages.counted(select(tasks.c.id).where(tasks.c.owner_id == OWNER, *_conditions(shape, idiom)))


def _overdue_total() -> ColumnElement[int]:
    """Of whole days from the tallies, and of the bound's own day counted."""
    kind, key = task_tallies.c.kind, task_tallies.c.key
    days = (kind == OPEN_DUE_DAY) & (key < bindparam("overdue_day_key", type_=Text))
    instants = (kind == OPEN_DUE_INSTANT) & (key < bindparam("overdue_instant_key", type_=Text))
    tallied = select(cast(func.coalesce(func.sum(task_tallies.c.amount), 0), BigInteger))
    counted = select(func.count()).select_from(tasks).where(tasks.c.owner_id == OWNER, IS_OPEN)
    since, until = (bindparam(name, type_=Instant) for name in ("overdue_midnight", "overdue_instant"))
    return (
        tallied.where(task_tallies.c.owner_id == OWNER, or_(days, instants)).scalar_subquery()
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
    """NULL for a task without due date."""
    day, instant = _due_parameters(name)
    return or_(tasks.c.due_day < day, tasks.c.due_at < instant)


def _due_parameters(name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return bindparam(f"{name}_day", type_=Date), bindparam(f"{name}_instant", type_=Instant)


def _bound(name: str, bound: DueBound) -> dict[str, Any]:
    """`…_least` and `…_most` narrow the range of an index to where both kinds of due date can be."""
    edges = (microseconds(bound.instant), microseconds(_midnight(bound.day)))
    return {
        f"{name}_day": bound.day,
        f"{name}_instant": bound.instant,
        f"{name}_least": min(edges),
        f"{name}_most": max(edges),
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
