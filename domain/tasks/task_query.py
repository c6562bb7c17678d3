"""Filter and order of task lists. These classes specify what the queries of every storage return."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import ClassVar, Self, cast

from domain.calendar import (
    DateOrDatetime,
    Due,
    is_microseconds,
    local_date,
    microseconds,
    start_instant,
    to_utc,
)
from domain.errors import InvalidValue
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task
from domain.text import fold, is_storable

ALL_STATUSES = frozenset(Status)
ALL_PRIORITIES = frozenset(Priority)
STATUS_RANKS = {status: rank for rank, status in enumerate(Status)}
PRIORITY_RANKS = {priority: rank for rank, priority in enumerate(Priority)}

MIN_SORT_KEY, MAX_SORT_KEY = -(2**63), 2**63 - 1
"""Sort keys of tasks without a due date, which are last in both directions."""


@dataclass(frozen=True, slots=True)
class DueBound:
    """A bound for due dates: whole days are compared with `day`, instants with `instant`."""

    day: date
    instant: datetime

    @classmethod
    def of(cls, value: DateOrDatetime, zone: tzinfo) -> Self:
        """Return the bound at the start of a day in `zone`, or at an instant."""
        return cls(local_date(value, zone), start_instant(value, zone))

    def is_after(self, due: Due) -> bool:
        """Return whether `due` is before this bound. A due date at the bound is not."""
        return due.at < self.instant if isinstance(due.at, datetime) else due.at < self.day


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCriteria:
    """A filter whose days are resolved in the owner's time zone. Repositories evaluate it."""

    statuses: frozenset[Status] = ALL_STATUSES
    priorities: frozenset[Priority] = ALL_PRIORITIES
    tags: frozenset[Tag] = frozenset()
    words: tuple[str, ...] = ()
    overdue: bool | None = None
    overdue_at: DueBound | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    due_from: DueBound | None = None
    due_until: DueBound | None = None

    @property
    def has_stored_total(self) -> bool:
        """Whether only status and priority are restricted. Storages know the totals of these without counting."""
        return (self.tags, self.words, self.overdue) == (frozenset(), (), None) and not (
            self.created_from or self.created_until or self.due_from or self.due_until
        )

    def match(self, task: Task) -> bool:
        """Return whether the task meets all conditions."""
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
    """Conditions for the tasks of an owner, all of which must be met. An empty value is no condition.

    `…_after` is inclusive, `…_before` is exclusive. Days start in the owner's time zone.

    Raises:
        InvalidValue: The search is too long or contains NUL or a lone surrogate, or a datetime has no offset.
    """

    MAX_SEARCH: ClassVar = 200

    statuses: frozenset[Status] = frozenset()
    priorities: frozenset[Priority] = frozenset()
    tags: frozenset[Tag] = frozenset()
    completed: bool | None = None
    overdue: bool | None = None
    search: str = ""
    created_after: DateOrDatetime | None = None
    created_before: DateOrDatetime | None = None
    due_after: DateOrDatetime | None = None
    due_before: DateOrDatetime | None = None

    def __post_init__(self) -> None:
        if len(self.search) > self.MAX_SEARCH or not is_storable(self.search):
            raise InvalidValue(
                "search",
                "invalid_search",
                f"search must have at most {self.MAX_SEARCH} characters, and no NUL or lone surrogates",
            )
        for bound in (self.created_after, self.created_before, self.due_after, self.due_before):
            if isinstance(bound, datetime):
                to_utc(bound)

    @property
    def signature(self) -> dict[str, object]:
        """The conditions under stable names; see `Signed`."""
        return {
            "statuses": self.statuses,
            "priorities": self.priorities,
            "tags": self.tags,
            "completed": self.completed,
            "overdue": self.overdue,
            "search": self.search,
            "created_after": self.created_after,
            "created_before": self.created_before,
            "due_after": self.due_after,
            "due_before": self.due_before,
        }

    def to_criteria(self, now: datetime, zone: tzinfo) -> TaskCriteria:
        """Resolve the conditions at the time `now` in the owner's time zone."""
        statuses = self.statuses or ALL_STATUSES
        if self.completed is not None:
            statuses = frozenset(s for s in statuses if s.is_completed is self.completed)
        return TaskCriteria(
            statuses=statuses,
            priorities=self.priorities or ALL_PRIORITIES,
            tags=self.tags,
            words=tuple(dict.fromkeys(fold(self.search).split())) if self.search else (),
            overdue=self.overdue,
            overdue_at=None if self.overdue is None else DueBound.of(now, zone),
            created_from=None if self.created_after is None else start_instant(self.created_after, zone),
            created_until=None if self.created_before is None else start_instant(self.created_before, zone),
            due_from=None if self.due_after is None else DueBound.of(self.due_after, zone),
            due_until=None if self.due_before is None else DueBound.of(self.due_before, zone),
        )


class SortField(StrEnum):
    """The fields that tasks can be sorted by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    DUE_DATE = "due_date"
    PRIORITY = "priority"
    TITLE = "title"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """The order of a task list. Tasks with equal keys are sorted by id, in the same direction."""

    field: SortField = SortField.CREATED_AT
    descending: bool = True

    @property
    def signature(self) -> dict[str, object]:
        """The order under stable names; see `Signed`."""
        return {"field": self.field, "descending": self.descending}

    def key(self, task: Task) -> int | str:
        """Return the sort key of a task: microseconds, a rank, or text that is compared by code point."""
        match self.field:
            case SortField.CREATED_AT:
                return microseconds(task.created_at)
            case SortField.UPDATED_AT:
                return microseconds(task.updated_at)
            case SortField.DUE_DATE:
                if task.due is None:
                    return MIN_SORT_KEY if self.descending else MAX_SORT_KEY
                return microseconds(task.due.sort_instant)
            case SortField.PRIORITY:
                return PRIORITY_RANKS[task.priority]
            case SortField.TITLE:
                return task.title_key
            case SortField.STATUS:
                return STATUS_RANKS[task.status]

    def validate_key(self, key: object) -> int | str:
        """Return a sort key that a client sent.

        Raises:
            ValueError: No task can have this key.
        """
        match self.field:
            case SortField.TITLE:
                is_valid = isinstance(key, str) and is_storable(key)
            case SortField.DUE_DATE:
                is_valid = type(key) is int and MIN_SORT_KEY <= key <= MAX_SORT_KEY
            case SortField.CREATED_AT | SortField.UPDATED_AT:
                is_valid = is_microseconds(key)
            case SortField.PRIORITY | SortField.STATUS:
                is_valid = type(key) is int and 0 <= key <= 3
        if not is_valid:
            raise ValueError("no task can have this sort key")
        return cast(int | str, key)
