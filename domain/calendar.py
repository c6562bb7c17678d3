"""Days and instants. An instant is an aware datetime in UTC; a day is lived in somebody's time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from domain.errors import InvalidDue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)

Moment = date | datetime
"""A day, or an instant with an offset."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a task is due: a whole day in its owner's time zone, or an instant. Kept as the kind it was given."""

    at: Moment

    def __post_init__(self) -> None:
        if isinstance(self.at, datetime):
            object.__setattr__(self, "at", in_utc(self.at))

    @property
    def day(self) -> date | None:
        return None if isinstance(self.at, datetime) else self.at

    @property
    def instant(self) -> datetime | None:
        return self.at if isinstance(self.at, datetime) else None

    @property
    def sorted_at(self) -> datetime:
        """Where it stands among other due dates: a day at its end in UTC."""
        return self.at if isinstance(self.at, datetime) else datetime.combine(self.at, time.max, UTC)

    @property
    def text(self) -> str:
        """RFC 3339."""
        return self.at.isoformat().replace("+00:00", "Z")

    def is_over(self, now: datetime, zone: tzinfo) -> bool:
        if isinstance(self.at, datetime):
            return self.at < now
        return self.at < day_of(now, zone)

    def day_in(self, zone: tzinfo) -> date:
        return day_of(self.at, zone)


def in_utc(instant: datetime) -> datetime:
    """Raises InvalidDue for a naive instant, and for one whose year in UTC is not 1 to 9999."""
    if instant.utcoffset() is None:
        raise InvalidDue("an instant needs an offset from UTC")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidDue("an instant lies in the years 1 to 9999") from None


def day_of(moment: Moment, zone: tzinfo) -> date:
    """The day it is in `zone`; at the ends of the calendar, the last day there is."""
    if not isinstance(moment, datetime):
        return moment
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return in_utc(moment).date()


def start_of(moment: Moment, zone: tzinfo) -> datetime:
    """The instant in UTC, or midnight of the day in `zone`; at the ends of the calendar, what there is.

    Of a midnight that comes twice it is the first; one that is skipped is told by the clock before (PEP 495).
    """
    if isinstance(moment, datetime):
        return in_utc(moment)
    try:
        return datetime.combine(moment, time.min, zone).astimezone(UTC)
    except OverflowError:
        return _FIRST if moment.year == 1 else _LAST


def week_of(day: date) -> tuple[date, date]:
    """The first and the last day of its ISO week; at the end of the calendar, what there is of it."""
    monday = day - timedelta(days=day.weekday())
    return monday, date.fromordinal(min(monday.toordinal() + 6, date.max.toordinal()))


def microseconds(instant: datetime) -> int:
    """Since the epoch, exactly."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


FIRST_MICROSECOND, LAST_MICROSECOND = microseconds(_FIRST), microseconds(_LAST)
