"""Which tasks, in which order: the specification that every storage's queries are held to."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import ClassVar, Self, cast

from domain.calendar import FIRST_MICROSECOND, LAST_MICROSECOND, Due, Moment, day_of, in_utc, microseconds, start_of
from domain.errors import InvalidSearch
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Status, Task
from domain.text import fold, is_storable

EVERY_STATUS = frozenset(Status)
EVERY_PRIORITY = frozenset(Priority)
RANK_OF_STATUS = {status: rank for rank, status in enumerate(Status)}
RANK_OF_PRIORITY = {priority: rank for rank, priority in enumerate(Priority)}

EARLIEST, LATEST = -(2**63), 2**63 - 1
"""Where a task without a due date stands, so that it is last in both directions."""


@dataclass(frozen=True, slots=True)
class DueBound:
    """A point on the calendar: due days compare with its day, due instants with its instant."""

    day: date
    instant: datetime

    @classmethod
    def of(cls, moment: Moment, zone: tzinfo) -> Self:
        return cls(day_of(moment, zone), start_of(moment, zone))

    def is_after(self, due: Due) -> bool:
        """Whether `due` lies before this bound, itself excluded."""
        return due.at < self.instant if isinstance(due.at, datetime) else due.at < self.day


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCriteria:
    """A filter with every day resolved to the owner's calendar: what a repository answers."""

    statuses: frozenset[Status] = EVERY_STATUS
    priorities: frozenset[Priority] = EVERY_PRIORITY
    tags: frozenset[Tag] = frozenset()
    words: tuple[str, ...] = ()
    overdue: bool | None = None
    overdue_at: DueBound | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    due_from: DueBound | None = None
    due_until: DueBound | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it asks for nothing but status, completion and priority, whose totals cost nothing."""
        return (self.tags, self.words, self.overdue) == (frozenset(), (), None) and not (
            self.created_from or self.created_until or self.due_from or self.due_until
        )

    def match(self, task: Task) -> bool:
        return (
            task.status in self.statuses
            and task.priority in self.priorities
            and self.tags.issubset(task.tags)
            and (self.overdue is None or self.overdue is self._is_overdue(task))
            and (self.created_from is None or task.created_at >= self.created_from)
            and (self.created_until is None or task.created_at < self.created_until)
            and (self.due_from is None or (task.due is not None and not self.due_from.is_after(task.due)))
            and (self.due_until is None or (task.due is not None and self.due_until.is_after(task.due)))
            and (not self.words or all(word in task.search_text for word in self.words))
        )

    def _is_overdue(self, task: Task) -> bool:
        assert self.overdue_at is not None
        return task.is_open and task.due is not None and self.overdue_at.is_after(task.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which of an owner's tasks. Conditions are all to be met; an empty set, None and a blank search ask for nothing.

    `…_after` is inclusive, `…_before` exclusive. A day starts in the owner's time zone.
    Raises InvalidSearch for a search that is too long or holds NUL or a lone surrogate, InvalidDue for a naive instant.
    """

    MAX_SEARCH: ClassVar = 200

    statuses: frozenset[Status] = frozenset()
    priorities: frozenset[Priority] = frozenset()
    tags: frozenset[Tag] = frozenset()
    completed: bool | None = None
    overdue: bool | None = None
    search: str = ""
    created_after: Moment | None = None
    created_before: Moment | None = None
    due_after: Moment | None = None
    due_before: Moment | None = None

    def __post_init__(self) -> None:
        if len(self.search) > self.MAX_SEARCH or not is_storable(self.search):
            raise InvalidSearch(f"a search has at most {self.MAX_SEARCH} characters, no NUL and no lone surrogate")
        for moment in (self.created_after, self.created_before, self.due_after, self.due_before):
            if isinstance(moment, datetime):
                in_utc(moment)

    def criteria(self, now: datetime, zone: tzinfo) -> TaskCriteria:
        statuses = self.statuses or EVERY_STATUS
        if self.completed is not None:
            statuses = frozenset(s for s in statuses if (s is Status.COMPLETED) is self.completed)
        return TaskCriteria(
            statuses=statuses,
            priorities=self.priorities or EVERY_PRIORITY,
            tags=self.tags,
            words=tuple(dict.fromkeys(fold(self.search).split())) if self.search else (),
            overdue=self.overdue,
            overdue_at=None if self.overdue is None else DueBound.of(now, zone),
            created_from=None if self.created_after is None else start_of(self.created_after, zone),
            created_until=None if self.created_before is None else start_of(self.created_before, zone),
            due_from=None if self.due_after is None else DueBound.of(self.due_after, zone),
            due_until=None if self.due_before is None else DueBound.of(self.due_before, zone),
        )


class SortField(StrEnum):
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    DUE_DATE = "due_date"
    PRIORITY = "priority"
    TITLE = "title"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """Ties are broken by id, in the same direction."""

    field: SortField = SortField.CREATED_AT
    descending: bool = True

    def key(self, task: Task) -> int | str:
        """What tasks are compared by: microseconds, ranks, or text by code point."""
        match self.field:
            case SortField.CREATED_AT:
                return microseconds(task.created_at)
            case SortField.UPDATED_AT:
                return microseconds(task.updated_at)
            case SortField.DUE_DATE:
                if task.due is None:
                    return EARLIEST if self.descending else LATEST
                return microseconds(task.due.sorted_at)
            case SortField.PRIORITY:
                return RANK_OF_PRIORITY[task.priority]
            case SortField.TITLE:
                return task.title_key
            case SortField.STATUS:
                return RANK_OF_STATUS[task.status]

    def valid_key(self, key: object) -> int | str:
        """A key that came from outside. Raises ValueError if no task could have it."""
        match self.field:
            case SortField.TITLE:
                is_valid = isinstance(key, str) and is_storable(key)
            case SortField.DUE_DATE:
                is_valid = type(key) is int and EARLIEST <= key <= LATEST
            case SortField.CREATED_AT | SortField.UPDATED_AT:
                is_valid = type(key) is int and FIRST_MICROSECOND <= key <= LAST_MICROSECOND
            case SortField.PRIORITY | SortField.STATUS:
                is_valid = type(key) is int and 0 <= key <= 3
        if not is_valid:
            raise ValueError("no task has such a sort key")
        return cast(int | str, key)
