from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from domain.calendar import DateOrDatetime, Due, iso_week, local_date
from domain.tasks.statistics import Statistics, compute_statistics
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import TaskFilter
from tests.support.builders import NOW, a_task, tags
from tests.support.strategies import clock_times, task_lists, zones

OPEN_STATUSES = frozenset({Status.PENDING, Status.IN_PROGRESS})
WEEK = timedelta(hours=168)
TICK = timedelta(microseconds=1)


def statistics_of(*tasks: Task, now: datetime = NOW, zone: str = "UTC") -> Statistics:
    return compute_statistics(tasks, now, ZoneInfo(zone))


def due(text: str) -> Due:
    return Due(datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text))


def completed_after(duration: timedelta) -> Task:
    return a_task(at=NOW - duration).edit(at=NOW, completed=True)


def test_without_tasks_all_numbers_are_zero() -> None:
    empty = statistics_of()

    assert (empty.total, empty.completed, empty.incomplete, empty.overdue) == (0, 0, 0, 0)
    assert (empty.due_today, empty.due_this_week, empty.created_last_7_days, empty.completed_last_7_days) == (
        0,
        0,
        0,
        0,
    )
    assert empty.by_status == dict.fromkeys(Status, 0)
    assert empty.by_priority == dict.fromkeys(Priority, 0)
    assert empty.by_tag == {}
    assert empty.completion_rate == 0
    assert empty.average_completion_seconds is None


def test_tasks_are_counted_by_status_priority_and_tag() -> None:
    counted = statistics_of(
        a_task(tags=tags("work", "home"), priority=Priority.HIGH),
        a_task(tags=tags("work"), status=Status.IN_PROGRESS),
        a_task(status=Status.COMPLETED),
        a_task(status=Status.CANCELLED, priority=Priority.HIGH),
    )

    assert list(counted.by_status.items()) == [(status, 1) for status in Status]
    assert list(counted.by_priority.values()) == [0, 2, 2, 0]
    assert list(counted.by_tag.items()) == [(Tag("work"), 2), (Tag("home"), 1)]
    assert not counted.by_tag_capped
    assert (counted.total, counted.completed, counted.incomplete) == (4, 1, 2)


@pytest.mark.parametrize(
    ("statuses", "rate"),
    [
        ([], 0),
        ([Status.CANCELLED], 0),
        ([Status.PENDING], 0),
        ([Status.COMPLETED], 1),
        ([Status.COMPLETED, Status.CANCELLED], 1),
        ([Status.COMPLETED, Status.PENDING, Status.IN_PROGRESS, Status.PENDING], 0.25),
        ([Status.COMPLETED, Status.COMPLETED, Status.PENDING, Status.CANCELLED], 2 / 3),
    ],
    ids=lambda value: ", ".join(value) or "none" if isinstance(value, list) else f"{value:.2f}",
)
def test_the_completion_rate_ignores_cancelled_tasks(statuses: list[Status], rate: float) -> None:
    assert statistics_of(*(a_task(status=status) for status in statuses)).completion_rate == rate


@pytest.mark.parametrize(
    ("due_date", "zone", "overdue", "today", "this_week"),
    [
        pytest.param("2026-03-03", "UTC", 1, 0, 1, id="yesterday"),
        pytest.param("2026-03-04", "UTC", 0, 1, 1, id="today"),
        pytest.param("2026-03-05", "UTC", 0, 0, 1, id="tomorrow"),
        pytest.param("2026-03-01", "UTC", 1, 0, 0, id="last Sunday"),
        pytest.param("2026-03-02", "UTC", 1, 0, 1, id="Monday"),
        pytest.param("2026-03-08", "UTC", 0, 0, 1, id="Sunday"),
        pytest.param("2026-03-09", "UTC", 0, 0, 0, id="next Monday"),
        pytest.param("2026-03-04T11:59:59.999999Z", "UTC", 1, 1, 1, id="one microsecond ago"),
        pytest.param("2026-03-04T12:00Z", "UTC", 0, 1, 1, id="now"),
        pytest.param("2026-03-04T23:59:59.999999Z", "UTC", 0, 1, 1, id="last microsecond of today"),
        pytest.param("2026-03-05T00:00Z", "UTC", 0, 0, 1, id="first microsecond of tomorrow"),
        pytest.param("2026-03-04", "Pacific/Kiritimati", 1, 0, 1, id="day has ended far east"),
        pytest.param("2026-03-05", "Pacific/Kiritimati", 0, 1, 1, id="tomorrow has started far east"),
        pytest.param("2026-03-04T10:00Z", "Pacific/Kiritimati", 1, 1, 1, id="instant of the new day far east"),
        pytest.param("2026-03-04T09:59Z", "Pacific/Kiritimati", 1, 0, 1, id="instant of the old day far east"),
        pytest.param("2026-03-08T10:00Z", "Pacific/Kiritimati", 0, 0, 0, id="Monday has started far east"),
        pytest.param("2026-03-02T10:59Z", "Pacific/Pago_Pago", 1, 0, 0, id="still Sunday far west"),
        pytest.param("2026-03-09T10:59Z", "Pacific/Pago_Pago", 0, 0, 1, id="still next Sunday far west"),
        pytest.param("0001-01-01", "Pacific/Pago_Pago", 1, 0, 0, id="first day of the calendar"),
        pytest.param("9999-12-31T23:59:59Z", "Pacific/Kiritimati", 0, 0, 0, id="last second of the calendar"),
    ],
)
def test_open_tasks_are_counted_by_days_and_iso_weeks_of_the_zone(
    due_date: str, zone: str, overdue: int, today: int, this_week: int
) -> None:
    for status, is_open in ((status, status in OPEN_STATUSES) for status in Status):
        counted = statistics_of(a_task(due=due(due_date), status=status), zone=zone)

        assert (counted.overdue, counted.due_today, counted.due_this_week) == (
            (overdue, today, this_week) if is_open else (0, 0, 0)
        )


def test_an_iso_week_may_span_two_years() -> None:
    tasks = [a_task(due=due(day)) for day in ("2026-12-27", "2026-12-28", "2027-01-03", "2027-01-04")]

    assert statistics_of(*tasks, now=datetime(2027, 1, 1, tzinfo=UTC)).due_this_week == 2


def test_the_last_7_days_are_168_hours() -> None:
    tasks = [a_task(at=NOW - WEEK - TICK), a_task(at=NOW - WEEK), a_task(at=NOW)]

    assert statistics_of(*tasks).created_last_7_days == 2
    assert statistics_of(*(task.edit(at=task.created_at, completed=True) for task in tasks)).completed_last_7_days == 2
    assert statistics_of(*tasks).completed_last_7_days == 0


def test_the_last_7_days_are_168_hours_across_a_change_to_summer_time() -> None:
    now = datetime(2026, 3, 30, 10, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)

    assert statistics_of(a_task(at=now - WEEK), now=now, zone="Europe/Berlin").created_last_7_days == 1
    assert statistics_of(a_task(at=now - WEEK - TICK), now=now, zone="Europe/Berlin").created_last_7_days == 0


def test_a_task_created_long_ago_counts_as_completed_recently() -> None:
    counted = statistics_of(completed_after(timedelta(days=30)))

    assert (counted.created_last_7_days, counted.completed_last_7_days) == (0, 1)


@pytest.mark.parametrize(
    ("durations", "seconds"),
    [([0], 0), ([1.5], 1.5), ([0.001], 0.001), ([86400, 0, 1], 86401 / 3)],
    ids=["zero", "one and a half", "a millisecond", "three tasks"],
)
def test_the_average_covers_the_time_from_creation_to_completion(durations: list[float], seconds: float) -> None:
    tasks = [completed_after(timedelta(seconds=duration)) for duration in durations]

    assert statistics_of(*tasks, a_task(), a_task(status=Status.CANCELLED)).average_completion_seconds == pytest.approx(
        seconds
    )


def test_a_reopened_task_is_not_part_of_the_average() -> None:
    reopened = completed_after(timedelta(hours=1)).edit(at=NOW, completed=False)

    assert statistics_of(reopened).average_completion_seconds is None
    assert statistics_of(reopened, completed_after(timedelta(seconds=3))).average_completion_seconds == 3


def test_the_duration_is_not_negative_if_the_clock_was_set_back() -> None:
    assert statistics_of(completed_after(timedelta(hours=-1))).average_completion_seconds == 0


@given(task_lists(), clock_times, zones)
def test_numbers_equal_the_counts_of_tasks_that_match_filters(tasks: list[Task], now: datetime, zone: ZoneInfo) -> None:
    def count(filter: TaskFilter) -> int:
        return sum(map(filter.to_criteria(now, zone).match, tasks))

    def count_due(first: DateOrDatetime, last: date) -> int:
        return count(TaskFilter(statuses=OPEN_STATUSES, due_after=first, due_before=last + timedelta(days=1)))

    counted = compute_statistics(tasks, now, zone)
    today = local_date(now, zone)

    assert counted.total == count(TaskFilter()) == len(tasks)
    assert counted.completed == count(TaskFilter(completed=True))
    assert counted.incomplete == count(TaskFilter(statuses=OPEN_STATUSES))
    assert counted.overdue == count(TaskFilter(overdue=True))
    assert counted.due_today == count_due(today, today)
    assert counted.due_this_week == count_due(*iso_week(today))
    assert counted.created_last_7_days == count(TaskFilter(created_after=now - WEEK))
    assert counted.by_status == {s: count(TaskFilter(statuses=frozenset({s}))) for s in Status}
    assert counted.by_priority == {p: count(TaskFilter(priorities=frozenset({p}))) for p in Priority}
    assert all(counted.by_tag[tag] == count(TaskFilter(tags=frozenset({tag}))) > 0 for tag in counted.by_tag)
    assert counted.by_tag.keys() == {tag for task in tasks for tag in task.tags}


@given(task_lists(), clock_times, zones)
def test_numbers_are_consistent(tasks: list[Task], now: datetime, zone: ZoneInfo) -> None:
    counted = compute_statistics(tasks, now, zone)

    assert counted.total == sum(counted.by_status.values()) == sum(counted.by_priority.values())
    assert counted.due_today <= counted.due_this_week <= counted.incomplete
    assert counted.overdue <= counted.incomplete
    assert 0 <= counted.completion_rate <= 1
    assert (counted.completion_rate == 0) is (counted.completed == 0)
    assert (counted.average_completion_seconds is None) is (counted.completed == 0)
    assert list(counted.by_tag.items()) == sorted(counted.by_tag.items(), key=lambda item: (-item[1], item[0]))
