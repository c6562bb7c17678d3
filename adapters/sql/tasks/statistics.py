"""Statistics from the counters: sums over whole days, and index ranges for the parts of days at their edges."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, cast, func, literal, or_, select, union_all

from adapters.sql.engine.pages import OWNER
from adapters.sql.engine.types import Instant
from adapters.sql.schema.tasks import task_counters, tasks
from adapters.sql.tasks.conditions import IS_OPEN
from adapters.sql.tasks.rows import PRIORITY_AT, STATUS_AT
from domain.calendar import iso_week, local_date, start_instant
from domain.tasks.counters import CounterKind
from domain.tasks.statistics import MAX_LISTED_TAGS, RECENT_PERIOD, Statistics, most_used
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority

OVERDUE: Final = "overdue"
TODAY: Final = "today"
WEEK: Final = "week"
_DAY = timedelta(days=1)


def _summed(name: str, kind: str, condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    amount = cast(func.coalesce(func.sum(task_counters.c.amount), 0), BigInteger)
    return select(literal(name, Text), literal("", Text), amount).where(
        task_counters.c.owner_id == OWNER, task_counters.c.kind == kind, condition
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


_STORED: Final = select(task_counters.c.kind, task_counters.c.key, task_counters.c.amount).where(
    task_counters.c.owner_id == OWNER
)
_MOST_USED: Final = (
    _STORED.where(task_counters.c.kind == CounterKind.TAG)
    .order_by(task_counters.c.amount.desc(), task_counters.c.key)
    .limit(MAX_LISTED_TAGS + 1)
    .subquery("tags")
)
STATISTICS: Final = union_all(
    _STORED.where(or_(*(task_counters.c.kind == kind for kind in (CounterKind.STATE, CounterKind.COMPLETION_TIME)))),
    select(*_MOST_USED.c),
    _summed(OVERDUE, CounterKind.OPEN_DUE_DAY, task_counters.c.key < _key("today")),
    _summed(OVERDUE, CounterKind.OPEN_DUE_INSTANT, task_counters.c.key < _key("utc_today")),
    _counted(OVERDUE, IS_OPEN, tasks.c.due_at >= _at("utc_midnight"), tasks.c.due_at < _at("now")),
    _summed(TODAY, CounterKind.OPEN_DUE_DAY, task_counters.c.key == _key("today")),
    _counted(TODAY, IS_OPEN, tasks.c.due_at >= _at("today_start"), tasks.c.due_at < _at("today_end")),
    _summed(WEEK, CounterKind.OPEN_DUE_DAY, task_counters.c.key.between(_key("monday"), _key("sunday"))),
    _counted(WEEK, IS_OPEN, tasks.c.due_at >= _at("week_start"), tasks.c.due_at < _at("week_end")),
    _summed(CounterKind.CREATED, CounterKind.CREATED, task_counters.c.key > _key("since_day")),
    _counted(CounterKind.CREATED, tasks.c.created_at >= _at("since"), tasks.c.created_at < _at("since_day_end")),
    _summed(CounterKind.COMPLETED, CounterKind.COMPLETED, task_counters.c.key > _key("since_day")),
    _counted(CounterKind.COMPLETED, tasks.c.completed_at >= _at("since"), tasks.c.completed_at < _at("since_day_end")),
)
"""Rows (kind, key, amount). The amounts of rows with the same kind and key must be added."""


def statistics_parameters(now: datetime, zone: tzinfo) -> dict[str, Any]:
    today = local_date(now, zone)
    monday, sunday = iso_week(today)
    now, since = now.astimezone(UTC), now.astimezone(UTC) - RECENT_PERIOD
    return {
        "now": now,
        "utc_today": now.date().isoformat(),
        "utc_midnight": _midnight(now),
        "today": today.isoformat(),
        "today_start": start_instant(today, zone),
        "today_end": start_instant(today + _DAY, zone),
        "monday": monday.isoformat(),
        "sunday": sunday.isoformat(),
        "week_start": start_instant(monday, zone),
        "week_end": start_instant(sunday + _DAY, zone),
        "since": since,
        "since_day": since.date().isoformat(),
        "since_day_end": _midnight(since) + _DAY,
    }


def statistics_from(rows: Iterable[Any]) -> Statistics:
    amounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for kind, key, amount in rows:
        amounts[kind][key] += amount
    by_status, by_priority = dict.fromkeys(Status, 0), dict.fromkeys(Priority, 0)
    for key, amount in amounts[CounterKind.STATE].items():
        by_status[STATUS_AT[int(key[0])]] += amount
        by_priority[PRIORITY_AT[int(key[1])]] += amount
    return Statistics(
        overdue=amounts[OVERDUE].total(),
        due_today=amounts[TODAY].total(),
        due_this_week=amounts[WEEK].total(),
        by_status=by_status,
        by_priority=by_priority,
        by_tag=most_used({Tag(name): amount for name, amount in amounts[CounterKind.TAG].items()}),
        by_tag_capped=len(amounts[CounterKind.TAG]) > MAX_LISTED_TAGS,
        created_last_7_days=amounts[CounterKind.CREATED].total(),
        completed_last_7_days=amounts[CounterKind.COMPLETED].total(),
        completion_milliseconds=amounts[CounterKind.COMPLETION_TIME].total(),
    )


def _midnight(instant: datetime) -> datetime:
    return datetime.combine(instant.date(), time.min, UTC)
