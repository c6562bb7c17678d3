"""Hypothesis strategies for the domain.

Most values are ordinary and close together, so that they collide; some are at the limits of the calendar or of Unicode.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.calendar import DateOrDatetime, Due
from domain.errors import InvalidValue
from domain.identity.user import UserId
from domain.tasks.status import Status
from domain.tasks.tag import MAX_TAGS, Tag
from domain.tasks.task import Priority, Task, TaskChanges, TaskId, validate_title
from domain.tasks.task_query import SortField, TaskFilter, TaskOrder
from tests.support.builders import ANN, NOW

T = TypeVar("T")

FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)

WORDS: Final = (
    "milk",
    "MILK",
    "Straße",
    "STRASSE",
    "\uff37\uff4f\uff52\uff4b",
    "work",
    "100%",
    "snake_case",
    "back\\slash",
    "it's",
    '"quoted"',
    "\u0130stanbul",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
    "e\u0301",
    "\u00e9",
    "\ufb01le",
    "\U0001f3f3\ufe0f\u200d\U0001f308",
    "a\u202eb",
)
"""Words that are equal only if case, width and composition are ignored, and characters with a meaning in queries."""

ZONES: Final = (
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Etc/GMT+12",
)
"""The largest offsets, quarter hours, half an hour of daylight saving, days without midnight, a skipped day."""


def accepted(make: Callable[[str], T], texts: st.SearchStrategy[str]) -> st.SearchStrategy[T]:
    """Return the results of `make` for the texts that it accepts."""

    def attempt(text: str) -> list[T]:
        try:
            return [make(text)]
        except InvalidValue:
            return []

    return texts.map(attempt).filter(bool).map(lambda made: made[0])


any_text: Final = st.text(st.characters(), max_size=60)
"""Any text, including lone surrogates, NUL and control characters."""

storable_text: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
phrases: Final = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)

tags: Final = accepted(Tag, st.sampled_from(WORDS) | storable_text)
tag_tuples: Final = st.lists(tags, max_size=4).map(tuple)
full_tag_tuples: Final = st.lists(tags, min_size=MAX_TAGS, max_size=MAX_TAGS, unique=True).map(tuple)
titles: Final = accepted(validate_title, phrases | storable_text | storable_text.map(lambda text: text.ljust(255, "x")))
descriptions: Final = st.none() | phrases | storable_text | st.just("\U0001f600" * Task.MAX_DESCRIPTION)
statuses: Final = st.sampled_from(Status)
priorities: Final = st.sampled_from(Priority)

zones: Final = st.sampled_from(ZONES).map(ZoneInfo)

_MONTH = timedelta(days=31)
days: Final = (
    st.dates((NOW - _MONTH).date(), (NOW + _MONTH).date())
    | st.sampled_from([date.min, date(1, 1, 2), date(1, 1, 7), date(9999, 12, 27), date(9999, 12, 30), date.max])
    | st.dates()
)
clock_times: Final = (
    st.datetimes((NOW - _MONTH).replace(tzinfo=None), (NOW + _MONTH).replace(tzinfo=None), timezones=st.just(UTC))
    | st.sampled_from([NOW, NOW - timedelta(hours=168), NOW - timedelta(hours=168, microseconds=1)])
    | st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
)
"""Plausible times of a clock, in UTC."""

instants: Final = (
    clock_times
    | st.sampled_from([FIRST, FIRST + timedelta(hours=11), LAST - timedelta(hours=11), LAST])
    | st.datetimes(timezones=st.just(UTC))
)
"""Any instants, in UTC."""


def _at_offset(instant: datetime, minutes: int) -> datetime:
    try:
        return instant.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return instant


offset_instants: Final = st.builds(_at_offset, instants, st.integers(-1439, 1439))
"""Any instants, with any offset."""

dates_and_datetimes: Final[st.SearchStrategy[DateOrDatetime]] = days | instants | offset_instants
dues: Final = st.builds(Due, dates_and_datetimes)


def _uuid7(milliseconds: int, random: int) -> UUID:
    low = random & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | low)


ids: Final = st.builds(_uuid7, st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
task_ids: Final = ids.map(TaskId)
user_ids: Final = ids.map(UserId)


@st.composite
def task_changes(draw: st.DrawFn) -> TaskChanges:
    """Return valid changes for an edit."""
    changes: TaskChanges = {}
    fields = draw(st.sets(st.sampled_from(["title", "description", "priority", "due", "tags"]), max_size=3))
    if "title" in fields:
        changes["title"] = draw(titles)
    if "description" in fields:
        changes["description"] = draw(descriptions)
    if "priority" in fields:
        changes["priority"] = draw(priorities)
    if "due" in fields:
        changes["due"] = draw(st.none() | dues)
    if "tags" in fields:
        changes["tags"] = draw(tag_tuples | full_tag_tuples)
    return changes | draw(_state_changes)


def _state_change(status: Status | None, with_completed: bool) -> TaskChanges:
    if status is None:
        return {"completed": with_completed}
    return {"status": status, "completed": status is Status.COMPLETED} if with_completed else {"status": status}


_state_changes: Final[st.SearchStrategy[TaskChanges]] = st.just(TaskChanges()) | st.builds(
    _state_change, st.none() | statuses, st.booleans()
)
histories: Final = st.lists(st.tuples(task_changes(), st.timedeltas(-timedelta(days=9), timedelta(days=9))), max_size=3)
"""Edits, each with the time since the previous one, which is negative if the clock was set back."""


@st.composite
def tasks(draw: st.DrawFn, owner_id: UserId = ANN) -> Task:
    """Return a task that was created and then edited a few times."""
    at = draw(clock_times)
    task = Task.create(
        id=draw(task_ids),
        owner_id=owner_id,
        title=draw(titles),
        at=at,
        description=draw(descriptions),
        status=draw(statuses),
        priority=draw(priorities),
        due=draw(st.none() | dues),
        tags=draw(tag_tuples),
    )
    for changes, wait in draw(histories):
        at += wait
        task = task.edit(at=at, **changes)
    return task


@st.composite
def task_lists(draw: st.DrawFn, max_size: int = 8) -> list[Task]:
    """Return tasks of one owner. Some of them differ only in the id."""
    drawn = draw(st.lists(tasks(), max_size=max_size))
    drawn += draw(st.lists(st.sampled_from(drawn), max_size=2)) if drawn else []
    fresh = draw(st.lists(task_ids, min_size=len(drawn), max_size=len(drawn), unique=True))
    return [replace(task, id=id) for task, id in zip(drawn, fresh, strict=True)]


searches: Final = st.one_of(
    st.just(""), st.sampled_from(WORDS), phrases, st.sampled_from(["%", "_", "\\", "'", " \u3000 "]), storable_text
)
task_filter_values: Final[dict[str, st.SearchStrategy[Any]]] = {
    "statuses": st.frozensets(statuses, max_size=3),
    "priorities": st.frozensets(priorities, max_size=3),
    "tags": st.frozensets(tags, max_size=2),
    "completed": st.booleans(),
    "overdue": st.booleans(),
    "search": searches,
    "created_after": dates_and_datetimes,
    "created_before": dates_and_datetimes,
    "due_after": dates_and_datetimes,
    "due_before": dates_and_datetimes,
}
"""A strategy for each field of a filter."""

task_filter_fields: Final = st.sampled_from([field.name for field in fields(TaskFilter)])


def _filter_by(names: set[str]) -> st.SearchStrategy[TaskFilter]:
    conditions = st.fixed_dictionaries({name: task_filter_values[name] for name in sorted(names)})
    return conditions.map(lambda values: TaskFilter(**values))


task_filters: Final = st.sets(task_filter_fields, max_size=3).flatmap(_filter_by)
task_orders: Final = st.builds(TaskOrder, st.sampled_from(SortField), st.booleans())
