"""`TaskCriteria` and `TaskOrder` as SQL. A statement depends on which conditions there are, not on their values."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Self

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)

from adapters.sql.idiom import Idiom
from adapters.sql.rows import TASK_COLUMNS
from adapters.sql.tables import Instant, task_tallies, tasks
from adapters.sql.tallies import STATE, state_key
from application.ports.storage import TOTAL_CAP, Position
from domain.due import microseconds
from domain.task import Priority, Status
from domain.task_query import RANK_OF_PRIORITY, RANK_OF_STATUS, DueBound, SortField, TaskCriteria, TaskOrder

OWNER: Final = bindparam("owner_id", type_=Uuid)
IS_OPEN: Final = tasks.c.status < 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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

    @classmethod
    def of(cls, criteria: TaskCriteria, order: TaskOrder, *, is_after: bool, counts: bool) -> Self:
        return cls(
            has_statuses=len(criteria.statuses) < len(Status),
            has_priorities=len(criteria.priorities) < len(Priority),
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
        )

    @property
    def is_plain(self) -> bool:
        """As `TaskCriteria.is_plain`."""
        return not (self.has_tags or self.words or self.has_created_from or self.has_created_until) and not (
            self.overdue is not None or self.has_due_from or self.has_due_until
        )


def find(shape: Shape, idiom: Idiom) -> Select[*tuple[Any, ...]]:
    """Rows of the total (if the shape counts) and the columns of a task; one row without task for an empty page."""
    key = _sort_column(shape.order)
    page = select(*TASK_COLUMNS).where(tasks.c.owner_id == OWNER, *_conditions(shape, idiom))
    if key.name not in page.selected_columns:
        page = page.add_columns(key)
    if shape.is_after:
        key_type = Text() if isinstance(key.type, Text) else key.type  # the column says how to collate
        place = tuple_(bindparam("after_key", type_=key_type), bindparam("after_id", type_=Uuid))
        here = tuple_(key, tasks.c.id)
        page = page.where(here < place if shape.order.descending else here > place)
    page = page.order_by(*_ordered(shape.order, key, tasks.c.id)).limit(bindparam("limit", type_=Integer))
    page = page.offset(bindparam("skip", type_=Integer))
    if not shape.counts:
        return page
    listed = page.subquery("page")
    counted = select(_total(shape, idiom).label("total")).subquery("counted")
    return (
        select(counted.c.total, *(listed.c[column.key] for column in TASK_COLUMNS))
        .select_from(counted.outerjoin(listed, true()))
        .order_by(*_ordered(shape.order, listed.c[key.name], listed.c.id))
    )


def parameters(criteria: TaskCriteria, order: TaskOrder, after: Position | None, idiom: Idiom) -> dict[str, Any]:
    values: dict[str, Any] = {
        "statuses": [RANK_OF_STATUS[status] for status in criteria.statuses],
        "priorities": [RANK_OF_PRIORITY[priority] for priority in criteria.priorities],
        "states": [state_key(s, p) for s in criteria.statuses for p in criteria.priorities],
        "tags": [tag.name for tag in criteria.tags],
        "created_from": criteria.created_from,
        "created_until": criteria.created_until,
    }
    for number, word in enumerate(criteria.words):
        values[f"word_{number}"] = idiom.containing(word)
    for name, bound in (
        ("overdue", criteria.overdue_at),
        ("due_from", criteria.due_from),
        ("due_until", criteria.due_until),
    ):
        if bound is not None:
            values |= _bound(name, bound)
    if after is not None:
        is_instant = order.field in (SortField.CREATED_AT, SortField.UPDATED_AT)
        values["after_key"] = _instant(after.key) if is_instant else after.key
        values["after_id"] = after.task_id
    return values


def _conditions(shape: Shape, idiom: Idiom) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if shape.has_statuses:
        conditions.append(idiom.one_of(tasks.c.status, "statuses"))
    if shape.has_priorities:
        conditions.append(idiom.one_of(tasks.c.priority, "priorities"))
    if shape.has_tags:
        conditions.append(idiom.has_all(tasks.c.tags, "tags"))
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
    matching = select(tasks.c.id).where(tasks.c.owner_id == OWNER, *_conditions(shape, idiom)).limit(TOTAL_CAP + 1)
    return select(func.count()).select_from(matching.subquery("matching")).scalar_subquery()


def _sort_column(order: TaskOrder) -> Column[Any]:
    match order.field:
        case SortField.DUE_DATE:
            return tasks.c.due_descending if order.descending else tasks.c.due_ascending
        case SortField.TITLE:
            return tasks.c.title_key
        case _:
            return tasks.c[order.field]


def _ordered(order: TaskOrder, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if order.descending else column.asc() for column in columns]


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


def _instant(key: int | str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(key))
