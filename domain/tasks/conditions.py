"""Conditions of task lists. They specify what the queries of every storage return."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import ClassVar, Self, final

from domain.calendar import DateOrDatetime, Due, local_date, start_instant
from domain.filters import Condition
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task


class StateCondition(Condition[Task]):
    """A condition on status and priority alone. Storages count the tasks of each state, so they know its totals."""

    __slots__ = ()

    @abstractmethod
    def accepts(self, status: Status, priority: Priority) -> bool:
        """Return whether tasks in this state meet the condition."""

    @final
    def match(self, task: Task, /) -> bool:
        """Return whether the state of the task meets the condition."""
        return self.accepts(task.status, task.priority)


@dataclass(frozen=True, slots=True)
class StatusIn(StateCondition):
    """The task has one of the statuses."""

    statuses: frozenset[Status]

    @classmethod
    def of(cls, statuses: frozenset[Status]) -> Self | None:
        """Return the condition. All statuses together are no condition."""
        return None if len(statuses) == len(Status) else cls(statuses)

    @classmethod
    def of_completion(cls, completed: bool) -> Self:
        """Return the condition that the task is completed, or that it is not."""
        return cls(frozenset(status for status in Status if status.is_completed is completed))

    def accepts(self, status: Status, priority: Priority) -> bool:
        """Return whether the status is one of these."""
        return status in self.statuses


@dataclass(frozen=True, slots=True)
class PriorityIn(StateCondition):
    """The task has one of the priorities."""

    priorities: frozenset[Priority]

    @classmethod
    def of(cls, priorities: frozenset[Priority]) -> Self | None:
        """Return the condition. All priorities together are no condition."""
        return None if len(priorities) == len(Priority) else cls(priorities)

    def accepts(self, status: Status, priority: Priority) -> bool:
        """Return whether the priority is one of these."""
        return priority in self.priorities


@dataclass(frozen=True, slots=True)
class HasTags(Condition[Task]):
    """The task has all tags."""

    tags: frozenset[Tag]

    def match(self, task: Task, /) -> bool:
        """Return whether the task has all tags."""
        return self.tags.issubset(task.tags)


@dataclass(frozen=True, slots=True)
class CreatedFrom(Condition[Task]):
    """The task was created at the instant or later."""

    instant: datetime

    @classmethod
    def of(cls, start: DateOrDatetime, now: datetime, zone: tzinfo) -> Self:
        """Return the condition for an instant, or for the start of a day in `zone`."""
        return cls(start_instant(start, zone))

    def match(self, task: Task, /) -> bool:
        """Return whether the task was created at the instant or later."""
        return task.created_at >= self.instant


@dataclass(frozen=True, slots=True)
class CreatedBefore(Condition[Task]):
    """The task was created before the instant."""

    instant: datetime

    @classmethod
    def of(cls, end: DateOrDatetime, now: datetime, zone: tzinfo) -> Self:
        """Return the condition for an instant, or for the start of a day in `zone`."""
        return cls(start_instant(end, zone))

    def match(self, task: Task, /) -> bool:
        """Return whether the task was created before the instant."""
        return task.created_at < self.instant


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


@dataclass(frozen=True, slots=True)
class DueFrom(Condition[Task]):
    """The task is due at the bound or later."""

    bound: DueBound

    @classmethod
    def of(cls, start: DateOrDatetime, now: datetime, zone: tzinfo) -> Self:
        """Return the condition for an instant, or for the start of a day in `zone`."""
        return cls(DueBound.of(start, zone))

    def match(self, task: Task, /) -> bool:
        """Return whether the task has a due date at the bound or later."""
        return task.due is not None and not self.bound.is_after(task.due)


@dataclass(frozen=True, slots=True)
class DueBefore(Condition[Task]):
    """The task is due before the bound."""

    bound: DueBound

    @classmethod
    def of(cls, end: DateOrDatetime, now: datetime, zone: tzinfo) -> Self:
        """Return the condition for an instant, or for the start of a day in `zone`."""
        return cls(DueBound.of(end, zone))

    def match(self, task: Task, /) -> bool:
        """Return whether the task has a due date before the bound."""
        return task.due is not None and self.bound.is_after(task.due)


@dataclass(frozen=True, slots=True)
class IsOverdue(Condition[Task]):
    """The task is open and due before the bound, or else not, as expected."""

    depends_on_time: ClassVar = True

    bound: DueBound
    expected: bool

    @classmethod
    def of(cls, expected: bool, now: datetime, zone: tzinfo) -> Self:
        """Return the condition at the current time."""
        return cls(DueBound.of(now, zone), expected)

    def match(self, task: Task, /) -> bool:
        """Return whether the task is overdue if this is expected, or not overdue otherwise."""
        return self.expected is (task.is_open and task.due is not None and self.bound.is_after(task.due))
