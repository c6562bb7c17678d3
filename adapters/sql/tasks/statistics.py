"""Statistics from the counters: sums over whole days, and index ranges for the parts of days at their edges."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, cast, func, literal, or_, select, union_all
from sqlalchemy.sql.selectable import CompoundSelect

from adapters.sql.engine.pages import OWNER
from adapters.sql.engine.types import Instant
from adapters.sql.schema.tasks import task_tallies, tasks
from adapters.sql.tasks.counters import COMPLETED, COMPLETION_TIME, CREATED, OPEN_DUE_DAY, OPEN_DUE_INSTANT, STATE, TAG
from adapters.sql.tasks.queries import IS_OPEN
from adapters.sql.tasks.rows import PRIORITY_AT, STATUS_AT
from domain.calendar import day_of, start_of, week_of
from domain.tasks.statistics import RECENT, Statistics
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Status

OVERDUE: Final = "overdue"
TODAY: Final = "today"
WEEK: Final = "week"
_DAY = timedelta(days=1)


def statistics_query() -> CompoundSelect[*tuple[Any, ...]]:
    """Rows of kind, key, amount; some kinds in several rows that are to be added up."""
    kept = select(task_tallies.c.kind, task_tallies.c.key, task_tallies.c.amount).where(
        task_tallies.c.owner_id == OWNER, or_(*(task_tallies.c.kind == kind for kind in (STATE, TAG, COMPLETION_TIME)))
    )
    due_at = tasks.c.due_at
    return union_all(
        kept,
        _summed(OVERDUE, OPEN_DUE_DAY, task_tallies.c.key < _key("today")),
        _summed(OVERDUE, OPEN_DUE_INSTANT, task_tallies.c.key < _key("utc_today")),
        _counted(OVERDUE, IS_OPEN, due_at >= _at("utc_midnight"), due_at < _at("now")),
        _summed(TODAY, OPEN_DUE_DAY, task_tallies.c.key == _key("today")),
        _counted(TODAY, IS_OPEN, due_at >= _at("today_start"), due_at < _at("today_end")),
        _summed(WEEK, OPEN_DUE_DAY, task_tallies.c.key.between(_key("monday"), _key("sunday"))),
        _counted(WEEK, IS_OPEN, due_at >= _at("week_start"), due_at < _at("week_end")),
        _summed(CREATED, CREATED, task_tallies.c.key > _key("since_day")),
        _counted(CREATED, tasks.c.created_at >= _at("since"), tasks.c.created_at < _at("since_day_end")),
        _summed(COMPLETED, COMPLETED, task_tallies.c.key > _key("since_day")),
        _counted(COMPLETED, tasks.c.completed_at >= _at("since"), tasks.c.completed_at < _at("since_day_end")),
    )


def statistics_parameters(now: datetime, zone: tzinfo) -> dict[str, Any]:
    today = day_of(now, zone)
    monday, sunday = week_of(today)
    now, since = now.astimezone(UTC), now.astimezone(UTC) - RECENT
    return {
        "now": now,
        "utc_today": now.date().isoformat(),
        "utc_midnight": _midnight(now),
        "today": today.isoformat(),
        "today_start": start_of(today, zone),
        "today_end": start_of(today + _DAY, zone),
        "monday": monday.isoformat(),
        "sunday": sunday.isoformat(),
        "week_start": start_of(monday, zone),
        "week_end": start_of(sunday + _DAY, zone),
        "since": since,
        "since_day": since.date().isoformat(),
        "since_day_end": _midnight(since) + _DAY,
    }


def statistics_from(rows: Iterable[Any]) -> Statistics:
    amounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for kind, key, amount in rows:
        amounts[kind][key] += amount
    by_status, by_priority = dict.fromkeys(Status, 0), dict.fromkeys(Priority, 0)
    for key, amount in amounts[STATE].items():
        by_status[STATUS_AT[int(key[0])]] += amount
        by_priority[PRIORITY_AT[int(key[1])]] += amount
    return Statistics(
        overdue=amounts[OVERDUE].total(),
        due_today=amounts[TODAY].total(),
        due_this_week=amounts[WEEK].total(),
        by_status=by_status,
        by_priority=by_priority,
        by_tag={Tag(name): amount for name, amount in sorted(amounts[TAG].items())},
        created_last_7_days=amounts[CREATED].total(),
        completed_last_7_days=amounts[COMPLETED].total(),
        completion_milliseconds=amounts[COMPLETION_TIME].total(),
    )


def _summed(name: str, kind: str, condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    amount = cast(func.coalesce(func.sum(task_tallies.c.amount), 0), BigInteger)
    return select(literal(name, Text), literal("", Text), amount).where(
        task_tallies.c.owner_id == OWNER, task_tallies.c.kind == kind, condition
    )


def _counted(name: str, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(literal(name, Text), literal("", Text), func.count())
        .select_from(tasks)
        .where(tasks.c.owner_id == OWNER, *conditions)
    )


def _key(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=Text)


def _at(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=Instant)


def _midnight(instant: datetime) -> datetime:
    return datetime.combine(instant.date(), time.min, UTC)
