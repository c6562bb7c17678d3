"""Dates and instants. An instant is an aware datetime in UTC; a date is a day in the owner's time zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, TypeGuard

from domain.errors import InvalidValue

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(?:\.(\d{1,6})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIN = datetime.min.replace(tzinfo=UTC)
_MAX = datetime.max.replace(tzinfo=UTC)

DateOrDatetime = date | datetime
"""A whole day, or an instant with an offset from UTC."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a task is due: a whole day in its owner's time zone, or an instant, which is converted to UTC."""

    at: DateOrDatetime

    def __post_init__(self) -> None:
        if isinstance(self.at, datetime):
            object.__setattr__(self, "at", to_utc(self.at))

    @property
    def day(self) -> date | None:
        """The day, or None if the task is due at an instant."""
        return None if isinstance(self.at, datetime) else self.at

    @property
    def instant(self) -> datetime | None:
        """The instant, or None if the task is due on a whole day."""
        return self.at if isinstance(self.at, datetime) else None

    @property
    def sort_instant(self) -> datetime:
        """The instant that due dates are sorted by. A day sorts by its end in UTC."""
        return self.at if isinstance(self.at, datetime) else datetime.combine(self.at, time.max, UTC)

    @property
    def text(self) -> str:
        """The day or instant in the format of RFC 3339."""
        return self.at.isoformat().replace("+00:00", "Z")

    def is_overdue(self, now: datetime, zone: tzinfo) -> bool:
        """Return whether the instant has passed, or the day has ended in `zone`."""
        if isinstance(self.at, datetime):
            return self.at < now
        return self.at < local_date(now, zone)

    def date_in(self, zone: tzinfo) -> date:
        """Return the day, or the date of the instant in `zone`."""
        return local_date(self.at, zone)


def parse_date_or_datetime(text: object) -> DateOrDatetime:
    """Parse a date or an RFC 3339 date-time.

    A leap second, which is always 23:59:60 in UTC, becomes the last microsecond of the previous second.

    Raises:
        InvalidValue: The value is neither.
    """
    if isinstance(text, str):
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
            if found := _INSTANT.fullmatch(text):
                day, minute, second, fraction, offset = found.groups()
                is_leap_second = second == "60"
                if is_leap_second:
                    second, fraction = "59", "999999"
                offset = "+00:00" if offset in "Zz" else offset
                instant = to_utc(datetime.fromisoformat(f"{day}T{minute}{second}.{fraction or 0:0<6}{offset}"))
                if not is_leap_second or (instant.hour, instant.minute) == (23, 59):
                    return instant
        except ValueError:
            pass
    raise InvalidValue(
        "due", "invalid_due", "the value must be a date YYYY-MM-DD or an RFC 3339 date-time with an offset"
    )


def to_utc(instant: datetime) -> datetime:
    """Convert an instant to UTC.

    Raises:
        InvalidValue: The instant has no offset, or its year in UTC is not in the range 1 to 9999.
    """
    if instant.utcoffset() is None:
        raise InvalidValue("due", "invalid_due", "date-time must have an offset from UTC")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidValue("due", "invalid_due", "date-time must be in the years 1 to 9999") from None


def local_date(value: DateOrDatetime, zone: tzinfo) -> date:
    """Return the date of an instant in `zone`. A date is returned unchanged.

    If the local date is outside the years 1 to 9999, the date in UTC is returned.
    """
    if not isinstance(value, datetime):
        return value
    try:
        return value.astimezone(zone).date()
    except OverflowError:
        return to_utc(value).date()


def start_instant(value: DateOrDatetime, zone: tzinfo) -> datetime:
    """Return an instant in UTC, or the instant at which a day starts in `zone`.

    An ambiguous midnight means its first occurrence; a skipped one uses the offset before the gap (PEP 495).
    An instant outside the years 1 to 9999 is replaced by the first or last instant of this range.
    """
    if isinstance(value, datetime):
        return to_utc(value)
    try:
        return datetime.combine(value, time.min, zone).astimezone(UTC)
    except OverflowError:
        return _MIN if value.year == 1 else _MAX


def iso_week(day: date) -> tuple[date, date]:
    """Return the Monday and the Sunday of the ISO week of `day`. The last week of year 9999 ends with the year."""
    monday = day - timedelta(days=day.weekday())
    return monday, date.fromordinal(min(monday.toordinal() + 6, date.max.toordinal()))


def microseconds(instant: datetime) -> int:
    """Return the exact number of microseconds since the Unix epoch."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


MIN_MICROSECONDS, MAX_MICROSECONDS = microseconds(_MIN), microseconds(_MAX)


def is_microseconds(value: object) -> TypeGuard[int]:
    """Return whether the value is an integer that `microseconds` returns for an instant in the years 1 to 9999."""
    return type(value) is int and MIN_MICROSECONDS <= value <= MAX_MICROSECONDS
