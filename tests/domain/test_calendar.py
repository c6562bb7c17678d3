from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.calendar import Due, iso_week, local_date, microseconds, start_instant, to_utc
from tests.support.builders import NOW
from tests.support.errors import raises_invalid
from tests.support.strategies import FIRST, LAST, days, dues, instants, offset_instants, zones

INSTANT = Due(datetime(2026, 3, 4, 12, tzinfo=UTC))
DAY = Due(date(2026, 3, 4))
TICK = timedelta(microseconds=1)


def test_a_due_date_is_either_a_day_or_an_instant() -> None:
    assert (DAY.day, DAY.instant) == (date(2026, 3, 4), None)
    assert (INSTANT.day, INSTANT.instant) == (None, NOW)


def test_an_instant_is_converted_to_utc() -> None:
    due = Due(datetime.fromisoformat("2026-03-04T17:45:00.000001+05:45"))

    assert due.instant is not None
    assert due.instant.isoformat() == "2026-03-04T12:00:00.000001+00:00"
    assert due == Due(datetime.fromisoformat("2026-03-04T02:00:00.000001-10:00"))


def test_a_day_differs_from_the_instant_at_which_it_starts() -> None:
    assert Due(date(2026, 3, 4)) != Due(datetime(2026, 3, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    "instant",
    ["2026-03-04T12:00:00", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0001-01-01T13:59:59+14:00"],
)
def test_an_instant_without_offset_or_outside_the_years_1_to_9999_is_refused(instant: str) -> None:
    with raises_invalid("due", "invalid_due") as refusal:
        Due(datetime.fromisoformat(instant))

    assert str(refusal.value) in {
        "date-time must have an offset from UTC",
        "date-time must be in the years 1 to 9999",
    }


@pytest.mark.parametrize("instant", ["0001-01-01T14:00:00+14:00", "9999-12-31T11:59:59.999999-12:00"])
def test_the_first_and_last_instants_in_utc_are_accepted_with_any_offset(instant: str) -> None:
    assert Due(datetime.fromisoformat(instant)).instant in {FIRST, LAST}


def test_a_day_is_sorted_by_its_end_in_utc() -> None:
    in_order = [Due(datetime(2026, 3, 4, 23, 59, 59, 999998, UTC)), DAY, Due(datetime(2026, 3, 5, tzinfo=UTC))]

    assert sorted((in_order[2], in_order[0], in_order[1]), key=lambda due: due.sort_instant) == in_order
    assert DAY.sort_instant.isoformat() == "2026-03-04T23:59:59.999999+00:00"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_an_instant_is_overdue_once_it_has_passed_in_every_time_zone(zone: str) -> None:
    assert not INSTANT.is_overdue(NOW, ZoneInfo(zone))
    assert INSTANT.is_overdue(NOW + TICK, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        pytest.param("UTC", date(2026, 3, 4), "2026-03-05T00:00Z", id="UTC"),
        pytest.param("Pacific/Kiritimati", date(2026, 3, 4), "2026-03-04T10:00Z", id="14 hours ahead"),
        pytest.param("Pacific/Pago_Pago", date(2026, 3, 4), "2026-03-05T11:00Z", id="11 hours behind"),
        pytest.param("Asia/Kathmandu", date(2026, 3, 4), "2026-03-04T18:15Z", id="5:45 ahead"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), "2026-03-29T22:00Z", id="day of 23 hours"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), "2026-10-25T23:00Z", id="day of 25 hours"),
        pytest.param("America/Sao_Paulo", date(2018, 11, 3), "2018-11-04T03:00Z", id="next day has no midnight"),
        pytest.param("America/Sao_Paulo", date(2018, 2, 17), "2018-02-18T03:00Z", id="last hour is repeated"),
        pytest.param("Pacific/Apia", date(2011, 12, 29), "2011-12-30T10:00Z", id="next day was skipped"),
        pytest.param("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00Z", id="skipped day"),
    ],
)
def test_a_day_is_overdue_when_the_next_one_starts_in_the_zone(zone: str, day: date, end: str) -> None:
    next_day = datetime.fromisoformat(end)

    assert Due(day).is_overdue(next_day, ZoneInfo(zone))
    assert not Due(day).is_overdue(next_day - TICK, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        pytest.param("UTC", date(2026, 3, 4), "2026-03-04T00:00Z", id="midnight of UTC"),
        pytest.param("Pacific/Kiritimati", date(2026, 3, 4), "2026-03-03T10:00Z", id="14 hours ahead"),
        pytest.param("Asia/Kathmandu", date(1986, 1, 1), "1985-12-31T18:30Z", id="first quarter of an hour is skipped"),
        pytest.param("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00Z", id="first hour is skipped"),
        pytest.param("America/Havana", date(2025, 11, 2), "2025-11-02T04:00Z", id="midnight is repeated"),
        pytest.param("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00Z", id="after a skipped day"),
        pytest.param(
            "America/Toronto",
            date(1919, 3, 31),
            "1919-03-31T05:00Z",
            id="midnight inside a gap",
        ),
        pytest.param("Pacific/Kiritimati", date.max, "9999-12-30T10:00Z", id="last day of the calendar"),
        pytest.param("Asia/Kathmandu", date.min, "0001-01-01T00:00Z", id="first day of the calendar"),
    ],
)
def test_a_day_starts_at_midnight_in_the_zone(zone: str, day: date, start: str) -> None:
    assert start_instant(day, ZoneInfo(zone)) == datetime.fromisoformat(start)


def test_an_instant_has_different_dates_in_different_zones() -> None:
    instant = Due(datetime(2026, 3, 4, 10, 30, tzinfo=UTC))

    assert instant.date_in(ZoneInfo("Pacific/Kiritimati")) == date(2026, 3, 5)
    assert instant.date_in(ZoneInfo("UTC")) == date(2026, 3, 4)
    assert instant.date_in(ZoneInfo("Pacific/Pago_Pago")) == date(2026, 3, 3)
    assert DAY.date_in(ZoneInfo("Pacific/Kiritimati")) == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("day", "monday", "sunday"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 8)),
        (date(2026, 3, 8), date(2026, 3, 2), date(2026, 3, 8)),
        (date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 3)),
        (date.min, date.min, date(1, 1, 7)),
        (date.max, date(9999, 12, 27), date.max),
    ],
    ids=["Monday", "Sunday", "turn of the year", "first", "last, incomplete"],
)
def test_a_week_runs_from_monday_to_sunday(day: date, monday: date, sunday: date) -> None:
    assert iso_week(day) == (monday, sunday)


@given(days)
def test_all_days_of_a_week_have_the_same_iso_week(day: date) -> None:
    monday, sunday = iso_week(day)

    assert monday <= day <= sunday
    assert monday.isocalendar()[:2] == day.isocalendar()[:2] == sunday.isocalendar()[:2]
    assert (sunday - monday).days == 6 or sunday == date.max


@given(instants)
def test_microseconds_since_the_epoch_are_exact(instant: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds(instant)) == instant


@given(offset_instants)
def test_an_instant_is_equal_with_any_offset(instant: datetime) -> None:
    due = Due(instant)

    assert due.instant == instant == to_utc(instant)
    assert due.instant is not None and due.instant.tzinfo is UTC


@given(offset_instants, zones)
@example(datetime.fromisoformat("9999-12-30T23:30:00-11:00"), ZoneInfo("Pacific/Kiritimati"))
@example(datetime.fromisoformat("0001-01-02T00:30:00+14:00"), ZoneInfo("Etc/GMT+12"))
def test_the_local_date_of_an_instant_does_not_depend_on_its_offset(instant: datetime, zone: ZoneInfo) -> None:
    assert local_date(instant, zone) == local_date(instant.astimezone(UTC), zone)


@given(dues, instants, zones)
def test_results_never_leave_the_calendar(due: Due, now: datetime, zone: ZoneInfo) -> None:
    assert FIRST <= due.sort_instant <= LAST
    assert FIRST <= start_instant(due.at, zone) <= LAST
    assert date.min <= due.date_in(zone) <= date.max
    if due.is_overdue(now, zone):
        assert due.date_in(zone) <= local_date(now, zone)


@given(st.dates(date(1, 1, 3), date(9999, 12, 29)), st.timedeltas(timedelta(days=-1), timedelta(days=1)), zones)
def test_a_day_is_overdue_exactly_from_the_start_of_the_next(day: date, wait: timedelta, zone: ZoneInfo) -> None:
    next_day = start_instant(day + timedelta(days=1), zone)

    assert Due(day).is_overdue(next_day, zone) and not Due(day).is_overdue(next_day - TICK, zone)
    assert Due(day).is_overdue(next_day + wait, zone) is (wait >= timedelta(0))


@given(dues, instants, zones)
def test_overdue_never_ends(due: Due, now: datetime, zone: ZoneInfo) -> None:
    overdue = [due.is_overdue(instant, zone) for instant in (FIRST, now, LAST)]

    assert overdue == sorted(overdue)
