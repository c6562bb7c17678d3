from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from domain.calendar import day_of, week_of
from domain.tasks.tag import Tag
from domain.tasks.task import OPEN, Priority, Status, Task

RECENT: Final = timedelta(hours=168)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """An owner's tasks in numbers. Every status and priority is a key; only tags in use are."""

    overdue: int
    due_today: int
    due_this_week: int
    by_status: dict[Status, int]
    by_priority: dict[Priority, int]
    by_tag: dict[Tag, int]
    created_last_7_days: int
    completed_last_7_days: int
    completion_milliseconds: int
    """From created to completed, each task's in whole milliseconds, summed over the completed ones."""

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    @property
    def completed(self) -> int:
        return self.by_status[Status.COMPLETED]

    @property
    def incomplete(self) -> int:
        return sum(self.by_status[status] for status in OPEN)

    @property
    def completion_rate(self) -> float:
        """Completed of those not cancelled, 0 to 1; 0 for none."""
        countable = self.total - self.by_status[Status.CANCELLED]
        return self.completed / countable if countable else 0.0

    @property
    def average_completion_seconds(self) -> float | None:
        return self.completion_milliseconds / 1000 / self.completed if self.completed else None


def statistics_of(tasks: Iterable[Task], now: datetime, zone: tzinfo) -> Statistics:
    """What the numbers mean. A storage may keep them otherwise, to the same result."""
    tasks = list(tasks)
    today = day_of(now, zone)
    monday, sunday = week_of(today)
    dues = [task.due for task in tasks if task.is_open and task.due is not None]
    days = [due.day_in(zone) for due in dues]
    statuses = Counter(task.status for task in tasks)
    priorities = Counter(task.priority for task in tasks)
    tags = Counter(tag for task in tasks for tag in task.tags)
    since = now - RECENT
    return Statistics(
        overdue=sum(due.is_over(now, zone) for due in dues),
        due_today=days.count(today),
        due_this_week=sum(monday <= day <= sunday for day in days),
        by_status={status: statuses[status] for status in Status},
        by_priority={priority: priorities[priority] for priority in Priority},
        by_tag=dict(sorted(tags.items())),
        created_last_7_days=sum(task.created_at >= since for task in tasks),
        completed_last_7_days=sum(task.completed_at is not None and task.completed_at >= since for task in tasks),
        completion_milliseconds=sum(completion_milliseconds(task) for task in tasks),
    )


def completion_milliseconds(task: Task) -> int:
    """0 while it is not completed, and never negative, however the clock was set meanwhile."""
    if task.completed_at is None:
        return 0
    return max((task.completed_at - task.created_at) // timedelta(milliseconds=1), 0)
