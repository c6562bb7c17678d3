"""Filter and order of task lists. These classes specify what the queries of every storage return."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import ClassVar, cast

from domain.calendar import DateOrDatetime, is_microseconds, microseconds, to_utc
from domain.filters import MAX_SEARCH, ContainsWords, Criteria, Filter, check_search, filter_field, timed_filter_field
from domain.tasks.conditions import (
    CreatedBefore,
    CreatedFrom,
    DueBefore,
    DueFrom,
    HasTags,
    IsOverdue,
    PriorityIn,
    StateCondition,
    StatusIn,
)
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task
from domain.text import is_storable

STATUS_RANKS = {status: rank for rank, status in enumerate(Status)}
PRIORITY_RANKS = {priority: rank for rank, priority in enumerate(Priority)}

MIN_SORT_KEY, MAX_SORT_KEY = -(2**63), 2**63 - 1
"""Sort keys of tasks without a due date, which are last in both directions."""


@dataclass(frozen=True, slots=True)
class TaskCriteria(Criteria[Task]):
    """A filter at a certain time, with its days resolved in the owner's time zone. Repositories evaluate it."""

    @property
    def has_stored_total(self) -> bool:
        """Whether only status and priority are restricted. Storages know the totals of these without counting."""
        return all(isinstance(condition, StateCondition) for condition in self.conditions)

    @property
    def depends_on_time(self) -> bool:
        """Whether later requests with the same filter have other criteria."""
        return any(condition.depends_on_time for condition in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter(Filter):
    """Conditions for the tasks of an owner, all of which must be met. An empty value is no condition.

    `…_after` is inclusive, `…_before` is exclusive. Days start in the owner's time zone.

    Raises:
        InvalidValue: The search is too long or contains NUL or a lone surrogate, or a datetime has no offset.
    """

    MAX_SEARCH: ClassVar = MAX_SEARCH

    statuses: frozenset[Status] = filter_field(frozenset(), StatusIn.of)
    """Only tasks with one of these statuses."""
    priorities: frozenset[Priority] = filter_field(frozenset(), PriorityIn.of)
    """Only tasks with one of these priorities."""
    tags: frozenset[Tag] = filter_field(frozenset(), HasTags)
    """Only tasks that have all of these tags."""
    completed: bool | None = filter_field(None, StatusIn.of_completion)
    """Only tasks that are completed, or only tasks that are not."""
    overdue: bool | None = timed_filter_field(None, IsOverdue.of)
    """Only tasks that are overdue, or only tasks that are not. An open task is overdue after its due day or instant."""
    search: str = filter_field("", ContainsWords.of)
    """Only tasks where each word is part of the title, of the description or of a tag, ignoring case. At most 200
    characters.
    """
    created_after: DateOrDatetime | None = timed_filter_field(None, CreatedFrom.of)
    """Only tasks created at this instant or on this day, or later. Days start in the owner's time zone."""
    created_before: DateOrDatetime | None = timed_filter_field(None, CreatedBefore.of)
    """Only tasks created before this instant or day. Days start in the owner's time zone."""
    due_after: DateOrDatetime | None = timed_filter_field(None, DueFrom.of)
    """Only tasks that are due at this instant or on this day, or later. Days start in the owner's time zone."""
    due_before: DateOrDatetime | None = timed_filter_field(None, DueBefore.of)
    """Only tasks that are due before this instant or day. Days start in the owner's time zone."""

    def __post_init__(self) -> None:
        check_search(self.search)
        for bound in (self.created_after, self.created_before, self.due_after, self.due_before):
            if isinstance(bound, datetime):
                to_utc(bound)

    def to_criteria(self, now: datetime, zone: tzinfo) -> TaskCriteria:
        """Resolve the conditions at the time `now` in the owner's time zone."""
        return TaskCriteria(self.conditions(now, zone))


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
