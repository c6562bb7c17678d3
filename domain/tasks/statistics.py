from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from domain.calendar import iso_week, local_date
from domain.tasks.status import OPEN_STATUSES, Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task

RECENT_PERIOD: Final = timedelta(days=7)

MAX_LISTED_TAGS: Final = 100
"""Tags in `Statistics.by_tag`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Numbers about all tasks of an owner. All statuses and priorities are keys, but only the most used tags."""

    overdue: int
    due_today: int
    due_this_week: int
    by_status: dict[Status, int]
    by_priority: dict[Priority, int]
    by_tag: dict[Tag, int]
    """The MAX_LISTED_TAGS most used tags, most used first; tags with equal numbers by name."""
    by_tag_capped: bool
    """Whether there are more tags than `by_tag` has."""
    created_last_7_days: int
    completed_last_7_days: int
    completion_milliseconds: int
    """The sum over all completed tasks of the time from creation to completion, each in whole milliseconds."""

    @property
    def total(self) -> int:
        """The number of tasks."""
        return sum(self.by_status.values())

    @property
    def completed(self) -> int:
        """The number of completed tasks."""
        return self.by_status[Status.COMPLETED]

    @property
    def incomplete(self) -> int:
        """The number of open tasks."""
        return sum(self.by_status[status] for status in OPEN_STATUSES)

    @property
    def completion_rate(self) -> float:
        """The fraction of completed tasks among those not cancelled, from 0 to 1; 0 if there are none."""
        not_cancelled = self.total - self.by_status[Status.CANCELLED]
        return self.completed / not_cancelled if not_cancelled else 0.0

    @property
    def average_completion_seconds(self) -> float | None:
        """The average time from creation to completion; None if no task is completed."""
        return self.completion_milliseconds / 1000 / self.completed if self.completed else None


def compute_statistics(tasks: Iterable[Task], now: datetime, zone: tzinfo) -> Statistics:
    """Compute the statistics of all tasks of an owner.

    This is the specification. Storages may compute the numbers in another way, but with the same result.
    """
    tasks = list(tasks)
    today = local_date(now, zone)
    monday, sunday = iso_week(today)
    dues = [task.due for task in tasks if task.is_open and task.due is not None]
    days = [due.date_in(zone) for due in dues]
    statuses = Counter(task.status for task in tasks)
    priorities = Counter(task.priority for task in tasks)
    tags = Counter(tag for task in tasks for tag in task.tags)
    since = now - RECENT_PERIOD
    return Statistics(
        overdue=sum(due.is_overdue(now, zone) for due in dues),
        due_today=days.count(today),
        due_this_week=sum(monday <= day <= sunday for day in days),
        by_status={status: statuses[status] for status in Status},
        by_priority={priority: priorities[priority] for priority in Priority},
        by_tag=most_used(tags),
        by_tag_capped=len(tags) > MAX_LISTED_TAGS,
        created_last_7_days=sum(task.created_at >= since for task in tasks),
        completed_last_7_days=sum(task.completed_at is not None and task.completed_at >= since for task in tasks),
        completion_milliseconds=sum(completion_milliseconds(task) for task in tasks),
    )


def most_used(tags: Mapping[Tag, int]) -> dict[Tag, int]:
    """Return up to MAX_LISTED_TAGS tags with the highest numbers, in descending order. Equal numbers sort by name."""
    ranked = sorted(tags.items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked[:MAX_LISTED_TAGS])


def completion_milliseconds(task: Task) -> int:
    """Return the time from creation to completion, or 0 if the task is not completed.

    The result is never negative, even if the clock was set back in between.
    """
    if task.completed_at is None:
        return 0
    return max((task.completed_at - task.created_at) // timedelta(milliseconds=1), 0)
