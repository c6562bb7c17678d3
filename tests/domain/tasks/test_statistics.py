from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from domain.calendar import Due, Moment, day_of, week_of
from domain.tasks.statistics import Statistics, statistics_of
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Status, Task
from domain.tasks.task_query import TaskFilter
from tests.support.builders import NOW, a_task, tags
from tests.support.strategies import clock_times, task_lists, zones

OPEN = frozenset({Status.PENDING, Status.IN_PROGRESS})
WEEK = timedelta(hours=168)
TICK = timedelta(microseconds=1)


def of(*tasks: Task, now: datetime = NOW, zone: str = "UTC") -> Statistics:
    return statistics_of(tasks, now, ZoneInfo(zone))


def due(moment: str) -> Due:
    return Due(datetime.fromisoformat(moment) if "T" in moment else date.fromisoformat(moment))


def completed_after(duration: timedelta) -> Task:
    return a_task(at=NOW - duration).edit(at=NOW, completed=True)


def test_no_tasks_give_zeros_under_every_key() -> None:
    none = of()

    assert (none.total, none.completed, none.incomplete, none.overdue) == (0, 0, 0, 0)
    assert (none.due_today, none.due_this_week, none.created_last_7_days, none.completed_last_7_days) == (0, 0, 0, 0)
    assert none.by_status == dict.fromkeys(Status, 0)
    assert none.by_priority == dict.fromkeys(Priority, 0)
    assert none.by_tag == {}
    assert none.completion_rate == 0
    assert none.average_completion_seconds is None


def test_tasks_are_counted_by_status_priority_and_tag() -> None:
    counted = of(
        a_task(tags=tags("work", "home"), priority=Priority.HIGH),
        a_task(tags=tags("work"), status=Status.IN_PROGRESS),
        a_task(status=Status.COMPLETED),
        a_task(status=Status.CANCELLED, priority=Priority.HIGH),
    )

    assert list(counted.by_status.items()) == [(status, 1) for status in Status]
    assert list(counted.by_priority.values()) == [0, 2, 2, 0]
    assert list(counted.by_tag.items()) == [(Tag("home"), 1), (Tag("work"), 2)]
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
def test_the_completion_rate_is_completed_of_what_was_not_cancelled(statuses: list[Status], rate: float) -> None:
    assert of(*(a_task(status=status) for status in statuses)).completion_rate == rate


@pytest.mark.parametrize(
    ("moment", "zone", "overdue", "today", "this_week"),
    [
        pytest.param("2026-03-03", "UTC", 1, 0, 1, id="yesterday"),
        pytest.param("2026-03-04", "UTC", 0, 1, 1, id="today"),
        pytest.param("2026-03-05", "UTC", 0, 0, 1, id="tomorrow"),
        pytest.param("2026-03-01", "UTC", 1, 0, 0, id="last Sunday"),
        pytest.param("2026-03-02", "UTC", 1, 0, 1, id="Monday"),
        pytest.param("2026-03-08", "UTC", 0, 0, 1, id="Sunday"),
        pytest.param("2026-03-09", "UTC", 0, 0, 0, id="next Monday"),
        pytest.param("2026-03-04T11:59:59.999999Z", "UTC", 1, 1, 1, id="a moment ago"),
        pytest.param("2026-03-04T12:00Z", "UTC", 0, 1, 1, id="this moment"),
        pytest.param("2026-03-04T23:59:59.999999Z", "UTC", 0, 1, 1, id="last moment of today"),
        pytest.param("2026-03-05T00:00Z", "UTC", 0, 0, 1, id="first moment of tomorrow"),
        pytest.param("2026-03-04", "Pacific/Kiritimati", 1, 0, 1, id="day already over far east"),
        pytest.param("2026-03-05", "Pacific/Kiritimati", 0, 1, 1, id="tomorrow already there far east"),
        pytest.param("2026-03-04T10:00Z", "Pacific/Kiritimati", 1, 1, 1, id="instant of the new day far east"),
        pytest.param("2026-03-04T09:59Z", "Pacific/Kiritimati", 1, 0, 1, id="instant of the old day far east"),
        pytest.param("2026-03-08T10:00Z", "Pacific/Kiritimati", 0, 0, 0, id="Monday has begun far east"),
        pytest.param("2026-03-02T10:59Z", "Pacific/Pago_Pago", 1, 0, 0, id="Sunday lasts far west"),
        pytest.param("2026-03-09T10:59Z", "Pacific/Pago_Pago", 0, 0, 1, id="next Sunday lasts far west"),
        pytest.param("0001-01-01", "Pacific/Pago_Pago", 1, 0, 0, id="first day of the calendar"),
        pytest.param("9999-12-31T23:59:59Z", "Pacific/Kiritimati", 0, 0, 0, id="last second of the calendar"),
    ],
)
def test_open_tasks_are_due_in_the_days_and_iso_week_of_the_zone(
    moment: str, zone: str, overdue: int, today: int, this_week: int
) -> None:
    for status, is_open in ((status, status in OPEN) for status in Status):
        counted = of(a_task(due=due(moment), status=status), zone=zone)

        assert (counted.overdue, counted.due_today, counted.due_this_week) == (
            (overdue, today, this_week) if is_open else (0, 0, 0)
        )


def test_the_iso_week_crosses_the_turn_of_the_year() -> None:
    tasks = [a_task(due=due(day)) for day in ("2026-12-27", "2026-12-28", "2027-01-03", "2027-01-04")]

    assert of(*tasks, now=datetime(2027, 1, 1, tzinfo=UTC)).due_this_week == 2


def test_the_last_7_days_are_168_hours() -> None:
    tasks = [a_task(at=NOW - WEEK - TICK), a_task(at=NOW - WEEK), a_task(at=NOW)]

    assert of(*tasks).created_last_7_days == 2
    assert of(*(task.edit(at=task.created_at, completed=True) for task in tasks)).completed_last_7_days == 2
    assert of(*tasks).completed_last_7_days == 0


def test_the_last_7_days_are_168_hours_even_when_the_clocks_change() -> None:
    now = datetime(2026, 3, 30, 10, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)

    assert of(a_task(at=now - WEEK), now=now, zone="Europe/Berlin").created_last_7_days == 1
    assert of(a_task(at=now - WEEK - TICK), now=now, zone="Europe/Berlin").created_last_7_days == 0


def test_a_task_created_long_ago_may_be_completed_lately() -> None:
    counted = of(completed_after(timedelta(days=30)))

    assert (counted.created_last_7_days, counted.completed_last_7_days) == (0, 1)


@pytest.mark.parametrize(
    ("durations", "seconds"),
    [([0], 0), ([1.5], 1.5), ([0.001], 0.001), ([86400, 0, 1], 86401 / 3)],
    ids=["at once", "one and a half", "a millisecond", "three"],
)
def test_the_average_runs_from_created_to_completed(durations: list[float], seconds: float) -> None:
    tasks = [completed_after(timedelta(seconds=duration)) for duration in durations]

    assert of(*tasks, a_task(), a_task(status=Status.CANCELLED)).average_completion_seconds == pytest.approx(seconds)


def test_a_reopened_task_has_no_part_in_the_average() -> None:
    reopened = completed_after(timedelta(hours=1)).edit(at=NOW, completed=False)

    assert of(reopened).average_completion_seconds is None
    assert of(reopened, completed_after(timedelta(seconds=3))).average_completion_seconds == 3


def test_a_clock_set_back_gives_no_negative_duration() -> None:
    assert of(completed_after(timedelta(hours=-1))).average_completion_seconds == 0


@given(task_lists(), clock_times, zones)
def test_the_numbers_are_the_counts_of_the_matching_filters(tasks: list[Task], now: datetime, zone: ZoneInfo) -> None:
    def count(filter: TaskFilter) -> int:
        return sum(map(filter.criteria(now, zone).match, tasks))

    def count_due(first: Moment, last: date) -> int:
        return count(TaskFilter(statuses=OPEN, due_after=first, due_before=last + timedelta(days=1)))

    counted = statistics_of(tasks, now, zone)
    today = day_of(now, zone)

    assert counted.total == count(TaskFilter()) == len(tasks)
    assert counted.completed == count(TaskFilter(completed=True))
    assert counted.incomplete == count(TaskFilter(statuses=OPEN))
    assert counted.overdue == count(TaskFilter(overdue=True))
    assert counted.due_today == count_due(today, today)
    assert counted.due_this_week == count_due(*week_of(today))
    assert counted.created_last_7_days == count(TaskFilter(created_after=now - WEEK))
    assert counted.by_status == {s: count(TaskFilter(statuses=frozenset({s}))) for s in Status}
    assert counted.by_priority == {p: count(TaskFilter(priorities=frozenset({p}))) for p in Priority}
    assert all(counted.by_tag[tag] == count(TaskFilter(tags=frozenset({tag}))) > 0 for tag in counted.by_tag)
    assert counted.by_tag.keys() == {tag for task in tasks for tag in task.tags}


@given(task_lists(), clock_times, zones)
def test_the_numbers_agree_with_each_other(tasks: list[Task], now: datetime, zone: ZoneInfo) -> None:
    counted = statistics_of(tasks, now, zone)

    assert counted.total == sum(counted.by_status.values()) == sum(counted.by_priority.values())
    assert counted.due_today <= counted.due_this_week <= counted.incomplete
    assert counted.overdue <= counted.incomplete
    assert 0 <= counted.completion_rate <= 1
    assert (counted.completion_rate == 0) is (counted.completed == 0)
    assert (counted.average_completion_seconds is None) is (counted.completed == 0)
    assert list(counted.by_tag) == sorted(counted.by_tag)
