from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import DateOrDatetime, Due
from domain.tasks.conditions import StateCondition
from domain.tasks.status import OPEN_STATUSES, Status
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import SortField, TaskFilter, TaskOrder
from domain.text import fold
from tests.support.builders import NOW, a_task, tags
from tests.support.errors import raises_invalid
from tests.support.strategies import (
    FIRST,
    clock_times,
    dates_and_datetimes,
    instants,
    task_filters,
    task_lists,
    task_orders,
    tasks,
    zones,
)

TICK = timedelta(microseconds=1)
BOUNDS = [field.name for field in fields(TaskFilter) if field.type == DateOrDatetime | None]


def matches(filter: TaskFilter, task: Task, zone: str = "UTC") -> bool:
    return filter.to_criteria(NOW, ZoneInfo(zone)).match(task)


def date_or_datetime(text: str) -> DateOrDatetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def in_order(order: TaskOrder, tasks: list[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: (order.key(task), task.id), reverse=order.descending)


def test_one_of_several_statuses_and_priorities_must_match_but_all_tags() -> None:
    task = a_task(status=Status.IN_PROGRESS, priority=Priority.HIGH, tags=tags("home", "work"))

    assert matches(TaskFilter(statuses=frozenset({Status.PENDING, Status.IN_PROGRESS})), task)
    assert not matches(TaskFilter(statuses=frozenset({Status.PENDING})), task)
    assert matches(TaskFilter(priorities=frozenset({Priority.LOW, Priority.HIGH})), task)
    assert not matches(TaskFilter(priorities=frozenset({Priority.LOW})), task)
    assert matches(TaskFilter(tags=frozenset(tags("WORK", "home"))), task)
    assert not matches(TaskFilter(tags=frozenset(tags("work", "garden"))), task)
    assert not matches(TaskFilter(tags=frozenset(tags("wor"))), task)


@pytest.mark.parametrize("status", Status)
def test_completed_restricts_the_statuses_and_may_contradict_them(status: Status) -> None:
    task = a_task(status=status)

    assert matches(TaskFilter(completed=True), task) is task.completed
    assert matches(TaskFilter(completed=False), task) is not task.completed
    assert not matches(TaskFilter(statuses=frozenset({status}), completed=not task.completed), task)


@pytest.mark.parametrize(
    ("due", "zone", "overdue"),
    [
        (None, "UTC", False),
        ("2026-03-03", "UTC", True),
        ("2026-03-04", "UTC", False),
        ("2026-03-04", "Pacific/Kiritimati", True),
        ("2026-03-03", "Pacific/Pago_Pago", True),
        ("2026-03-04T12:00Z", "UTC", False),
        ("2026-03-04T11:59:59.999999Z", "UTC", True),
        ("2026-03-04T11:59:59.999999Z", "Pacific/Kiritimati", True),
    ],
)
def test_open_tasks_are_overdue_after_their_day_or_instant(due: str | None, zone: str, overdue: bool) -> None:
    for status in Status:
        task = a_task(status=status, due=None if due is None else Due(date_or_datetime(due)))

        assert matches(TaskFilter(overdue=True), task, zone) is (overdue and task.is_open)
        assert matches(TaskFilter(overdue=False), task, zone) is not (overdue and task.is_open)


@pytest.mark.parametrize(
    ("bound", "zone", "first"),
    [
        ("2026-03-04T12:00:00.000001+00:00", "Pacific/Kiritimati", "2026-03-04T12:00:00.000001Z"),
        ("2026-03-04T17:45:00+05:45", "UTC", "2026-03-04T12:00Z"),
        ("2026-03-04", "UTC", "2026-03-04T00:00Z"),
        ("2026-03-04", "Pacific/Kiritimati", "2026-03-03T10:00Z"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00Z"),
    ],
)
def test_lower_bounds_are_inclusive_and_upper_bounds_exclusive(bound: str, zone: str, first: str) -> None:
    start = datetime.fromisoformat(first)
    for at, is_after in ((start - TICK, False), (start, True), (start + TICK, True)):
        created, due = a_task(at=at), a_task(due=Due(at))

        assert matches(TaskFilter(created_after=date_or_datetime(bound)), created, zone) is is_after
        assert matches(TaskFilter(created_before=date_or_datetime(bound)), created, zone) is not is_after
        assert matches(TaskFilter(due_after=date_or_datetime(bound)), due, zone) is is_after
        assert matches(TaskFilter(due_before=date_or_datetime(bound)), due, zone) is not is_after


@pytest.mark.parametrize(
    ("bound", "zone"),
    [
        ("2026-03-04", "UTC"),
        ("2026-03-04", "Pacific/Kiritimati"),
        ("2026-03-04T00:00Z", "UTC"),
        ("2026-03-04T23:59Z", "UTC"),
        ("2026-03-03T10:00Z", "Pacific/Kiritimati"),
        ("2026-03-05T10:59Z", "Pacific/Pago_Pago"),
        ("2026-03-04T00:30+14:00", "Pacific/Kiritimati"),
    ],
)
def test_a_due_day_is_compared_with_the_day_of_the_bound_in_the_zone(bound: str, zone: str) -> None:
    for day, is_after in ((date(2026, 3, 3), False), (date(2026, 3, 4), True), (date(2026, 3, 5), True)):
        assert matches(TaskFilter(due_after=date_or_datetime(bound)), a_task(due=Due(day)), zone) is is_after
        assert matches(TaskFilter(due_before=date_or_datetime(bound)), a_task(due=Due(day)), zone) is not is_after


def test_a_task_without_due_date_matches_neither_due_after_nor_due_before() -> None:
    assert not matches(TaskFilter(due_after=date.min), a_task())
    assert not matches(TaskFilter(due_before=date.max), a_task())


@pytest.mark.parametrize(
    ("search", "found"),
    [
        pytest.param("", True, id="empty"),
        pytest.param(" \t\u3000", True, id="blank"),
        pytest.param("milk", True, id="title"),
        pytest.param("ILK", True, id="part of a word"),
        pytest.param("fair", True, id="description"),
        pytest.param("groc", True, id="tag"),
        pytest.param("groceries\u3000BUY fair", True, id="words of all fields in any order"),
        pytest.param("milk bread", False, id="one word is missing"),
        pytest.param("100%fair", False, id="across title and description"),
        pytest.param("strasse STRA\u1e9eE", True, id="sharp s"),
        pytest.param("\uff4d\uff49\uff4c\uff4b", True, id="fullwidth"),
        pytest.param("cafe\u0301", True, id="decomposed"),
        pytest.param("cafe", False, id="without accent"),
        pytest.param("%", True, id="percent"),
        pytest.param("_", False, id="underscore is no wildcard"),
        pytest.param("m%k", False, id="percent is no wildcard"),
        pytest.param("\\", True, id="backslash"),
        pytest.param("'\"", True, id="quotes"),
    ],
)
def test_every_word_of_a_search_must_occur_in_title_description_or_tags(search: str, found: bool) -> None:
    task = a_task(title="Buy Milk 100%", description="Fair\\, Straße '\" CAF\u00c9", tags=tags("Groceries"))

    assert matches(TaskFilter(search=search), task) is found


@pytest.mark.parametrize(
    "search", ["x" * 201, " " * 201, "x\x00", "\ud800"], ids=["201", "201 blanks", "NUL", "surrogate"]
)
def test_a_search_that_is_too_long_or_unstorable_is_refused(search: str) -> None:
    with raises_invalid("search", "invalid_search"):
        TaskFilter(search=search)


def test_a_search_may_have_200_characters() -> None:
    assert matches(TaskFilter(search="x" * 200), a_task(title="x" * 200))
    assert not matches(TaskFilter(search="x" * 200), a_task(title="x" * 199))


@pytest.mark.parametrize("instant", ["2026-03-04T12:00", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
@pytest.mark.parametrize("field", BOUNDS)
def test_an_instant_without_offset_or_outside_the_years_1_to_9999_is_refused(field: str, instant: str) -> None:
    condition: dict[str, Any] = {field: datetime.fromisoformat(instant)}
    with raises_invalid("due", "invalid_due"):
        TaskFilter(**condition)


@given(task_filters, tasks(), clock_times, zones)
def test_a_filter_matches_if_each_condition_matches(
    filter: TaskFilter, task: Task, now: datetime, zone: ZoneInfo
) -> None:
    conditions = [replace(TaskFilter(), **{field.name: getattr(filter, field.name)}) for field in fields(TaskFilter)]

    assert filter.to_criteria(now, zone).match(task) is all(
        condition.to_criteria(now, zone).match(task) for condition in conditions
    )


@given(task_filters, task_lists(), instants, zones)
def test_every_task_is_either_overdue_or_not(
    filter: TaskFilter, tasks: list[Task], now: datetime, zone: ZoneInfo
) -> None:
    either, yes, no = (
        [task for task in tasks if replace(filter, overdue=overdue).to_criteria(now, zone).match(task)]
        for overdue in (None, True, False)
    )

    assert [task for task in either if task not in yes] == no
    assert yes == [task for task in either if task.is_open and task.due is not None and task.due.is_overdue(now, zone)]


@given(tasks(), dates_and_datetimes, zones)
def test_every_task_is_either_after_or_before_a_bound(task: Task, bound: DateOrDatetime, zone: ZoneInfo) -> None:
    def match(filter: TaskFilter) -> bool:
        return filter.to_criteria(NOW, zone).match(task)

    assert match(TaskFilter(created_after=bound)) is not match(TaskFilter(created_before=bound))
    assert [match(TaskFilter(due_after=bound)), match(TaskFilter(due_before=bound))].count(True) == bool(task.due)


@pytest.mark.parametrize(
    ("filter", "has_stored_total"),
    [
        pytest.param(TaskFilter(), True, id="empty"),
        pytest.param(TaskFilter(search=" ", statuses=OPEN_STATUSES, completed=False), True, id="status"),
        pytest.param(TaskFilter(priorities=frozenset({Priority.LOW})), True, id="priority"),
        pytest.param(TaskFilter(tags=frozenset(tags("home"))), False, id="tag"),
        pytest.param(TaskFilter(search="milk"), False, id="search"),
        pytest.param(TaskFilter(overdue=False), False, id="overdue"),
        pytest.param(TaskFilter(created_after=NOW.date()), False, id="created after"),
        pytest.param(TaskFilter(created_before=NOW.date()), False, id="created before"),
        pytest.param(TaskFilter(due_after=NOW), False, id="due after"),
        pytest.param(TaskFilter(due_before=NOW), False, id="due before"),
    ],
)
def test_the_total_is_stored_if_only_status_and_priority_are_restricted(
    filter: TaskFilter, has_stored_total: bool
) -> None:
    assert filter.to_criteria(NOW, ZoneInfo("UTC")).has_stored_total is has_stored_total


@given(task_filters, tasks(), clock_times, zones)
def test_criteria_with_a_stored_total_depend_only_on_status_and_priority(
    filter: TaskFilter, task: Task, now: datetime, zone: ZoneInfo
) -> None:
    criteria = filter.to_criteria(now, zone)
    if criteria.has_stored_total:
        states = [c for c in criteria.conditions if isinstance(c, StateCondition)]
        assert criteria.match(task) is all(state.accepts(task.status, task.priority) for state in states)
        assert criteria == filter.to_criteria(FIRST, ZoneInfo("Etc/GMT+12"))


@given(tasks())
def test_every_word_of_a_task_is_found_unchanged_and_folded(task: Task) -> None:
    for text in (task.title, task.description or "", *(tag.name for tag in task.tags)):
        for word in (*text.split(), *fold(text).split()):
            assert len(word) > TaskFilter.MAX_SEARCH or matches(TaskFilter(search=word), task)


def test_tasks_are_sorted_newest_first_by_default() -> None:
    old, new = a_task(at=NOW), a_task(at=NOW + TICK)

    assert in_order(TaskOrder(), [old, new]) == [new, old]


IN_ORDER = {
    SortField.CREATED_AT: [a_task(at=NOW), a_task(at=NOW + TICK)],
    SortField.UPDATED_AT: [a_task(), a_task(at=NOW - TICK).edit(at=NOW + TICK, title="Renamed")],
    SortField.PRIORITY: [a_task(priority=priority) for priority in Priority],
    SortField.STATUS: [a_task(status=status) for status in Status],
    SortField.TITLE: [a_task(title=title) for title in ("10", "9", "apple", "BANANA", "Strasz", "Zoo", "\u00c9cole")],
    SortField.DUE_DATE: [
        a_task(due=Due(date_or_datetime(due)))
        for due in ("0001-01-01", "2026-03-04T23:59:59Z", "2026-03-04", "2026-03-05T00:00Z", "9999-12-31")
    ],
}


@pytest.mark.parametrize("field", SortField)
def test_tasks_are_sorted_by_every_field_in_both_directions(field: SortField) -> None:
    tasks = IN_ORDER[field]

    assert in_order(TaskOrder(field, descending=False), tasks[::-1]) == tasks
    assert in_order(TaskOrder(field, descending=True), tasks) == tasks[::-1]


def test_equivalent_titles_and_instants_have_equal_sort_keys() -> None:
    noon, quarter_to_six = Due(date_or_datetime("2026-03-04T12:00Z")), Due(date_or_datetime("2026-03-04T17:45+05:45"))
    by_title, by_due = TaskOrder(SortField.TITLE), TaskOrder(SortField.DUE_DATE)

    assert by_title.key(a_task(title="STRASSE")) == by_title.key(a_task(title="stra\u00dfe"))
    assert by_due.key(a_task(due=noon)) == by_due.key(a_task(due=quarter_to_six))


@given(task_lists(), st.booleans())
def test_tasks_without_due_date_come_last_in_both_directions(tasks: list[Task], descending: bool) -> None:
    ordered = in_order(TaskOrder(SortField.DUE_DATE, descending), tasks)
    dues = [task.due.sort_instant for task in ordered if task.due is not None]

    assert [task.due is None for task in ordered] == sorted(task.due is None for task in tasks)
    assert dues == sorted(dues, reverse=descending)


@given(tasks(), task_orders)
def test_a_sort_key_is_text_or_a_64_bit_integer(task: Task, order: TaskOrder) -> None:
    key = order.key(task)

    assert isinstance(key, str) if order.field is SortField.TITLE else -(2**63) <= int(key) < 2**63
