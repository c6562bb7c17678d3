"""The conditions of task lists as SQL."""

from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Date, bindparam, false, func, not_, or_

from adapters.sql.engine.conditions import ConditionRegistry, ConditionSql, Values, Where, contains_words
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.types import Instant
from adapters.sql.schema.tasks import tasks
from domain.calendar import microseconds
from domain.tasks.conditions import (
    CreatedBefore,
    CreatedFrom,
    DueBefore,
    DueBound,
    DueFrom,
    HasTags,
    IsOverdue,
    PriorityIn,
    StatusIn,
)
from domain.tasks.task_query import PRIORITY_RANKS, STATUS_RANKS

IS_OPEN: Final = tasks.c.status < 2


def _is_due_from(name: str, dialect: SqlDialect, _: None) -> Where:
    day, instant = _bound_parameters(name)
    return [
        or_(tasks.c.due_day >= day, tasks.c.due_at >= instant),
        tasks.c.due_ascending >= bindparam(f"{name}_least", type_=BigInteger),
    ]


def _is_due_before(name: str, *_: object) -> Where:
    return [_due_before(name), tasks.c.due_ascending < bindparam(f"{name}_most", type_=BigInteger)]


def _is_overdue(name: str, dialect: SqlDialect, expected: bool) -> Where:
    if expected:
        return [IS_OPEN, *_is_due_before(name)]
    return [not_(IS_OPEN & func.coalesce(_due_before(name), false()))]


def _due_before(name: str) -> ColumnElement[bool]:
    """Compare the due date; NULL for a task without one."""
    day, instant = _bound_parameters(name)
    return or_(tasks.c.due_day < day, tasks.c.due_at < instant)


def _bound_parameters(name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return bindparam(f"{name}_day", type_=Date), bindparam(f"{name}_instant", type_=Instant)


def _bound_values(name: str, bound: DueBound) -> Values:
    """Return the parameters of a bound. `…_least` and `…_most` limit the index range for both kinds of due date."""
    edges = (microseconds(bound.instant), microseconds(midnight(bound.day)))
    return {
        f"{name}_day": bound.day,
        f"{name}_instant": bound.instant,
        f"{name}_least": min(edges),
        f"{name}_most": max(edges),
    }


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


TASK_CONDITIONS: Final = ConditionRegistry(
    ConditionSql(
        StatusIn,
        where=lambda name, dialect, _: [dialect.is_in(tasks.c.status, name)],
        values=lambda name, _, condition: {name: [STATUS_RANKS[status] for status in condition.statuses]},
    ),
    ConditionSql(
        PriorityIn,
        where=lambda name, dialect, _: [dialect.is_in(tasks.c.priority, name)],
        values=lambda name, _, condition: {name: [PRIORITY_RANKS[priority] for priority in condition.priorities]},
    ),
    ConditionSql(
        HasTags,
        where=lambda name, dialect, _: [dialect.has_all(tasks.c.tags, name)],
        values=lambda name, _, condition: {name: [tag.name for tag in condition.tags]},
    ),
    ConditionSql(
        CreatedFrom,
        where=lambda name, *_: [tasks.c.created_at >= bindparam(name, type_=Instant)],
        values=lambda name, _, condition: {name: condition.instant},
    ),
    ConditionSql(
        CreatedBefore,
        where=lambda name, *_: [tasks.c.created_at < bindparam(name, type_=Instant)],
        values=lambda name, _, condition: {name: condition.instant},
    ),
    ConditionSql(
        DueFrom,
        where=_is_due_from,
        values=lambda name, _, condition: _bound_values(name, condition.bound),
    ),
    ConditionSql(
        DueBefore,
        where=_is_due_before,
        values=lambda name, _, condition: _bound_values(name, condition.bound),
    ),
    ConditionSql(
        IsOverdue,
        where=_is_overdue,
        values=lambda name, _, condition: _bound_values(name, condition.bound),
        variant=lambda condition: condition.expected,
    ),
    contains_words(tasks.c.search_text),
)
