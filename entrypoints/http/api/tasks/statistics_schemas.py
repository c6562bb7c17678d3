from dataclasses import dataclass
from typing import Self

from domain.tasks.statistics import Statistics
from domain.tasks.status import Status
from domain.tasks.task import Priority


@dataclass(slots=True)
class StatisticsView:
    """Numbers about all tasks of a user. Days and weeks are those of the user's time zone."""

    total: int
    """The number of tasks."""
    completed: int
    """The number of completed tasks."""
    incomplete: int
    """The number of open tasks: pending or in progress."""
    overdue: int
    """The number of open tasks whose due day is over or whose due instant has passed."""
    due_today: int
    """The number of open tasks that are due today."""
    due_this_week: int
    """The number of open tasks that are due this week, from Monday to Sunday."""
    completion_rate: float
    """The share of completed tasks among all that are not cancelled, from 0 to 1. It is 0 without such tasks."""
    by_status: dict[Status, int]
    """The number of tasks by status. Each status is present."""
    by_priority: dict[Priority, int]
    """The number of tasks by priority. Each priority is present."""
    by_tag: dict[str, int]
    """The number of tasks by tag, for the 100 most used tags."""
    by_tag_capped: bool
    """Whether there are more tags than `by_tag` contains."""
    created_last_7_days: int
    """The number of tasks created in the last 168 hours."""
    completed_last_7_days: int
    """The number of tasks completed in the last 168 hours."""
    average_completion_seconds: float | None
    """The average time from creation to completion in seconds, or null without completed tasks."""

    @classmethod
    def of(cls, statistics: Statistics) -> Self:
        return cls(
            total=statistics.total,
            completed=statistics.completed,
            incomplete=statistics.incomplete,
            overdue=statistics.overdue,
            due_today=statistics.due_today,
            due_this_week=statistics.due_this_week,
            completion_rate=statistics.completion_rate,
            by_status=statistics.by_status,
            by_priority=statistics.by_priority,
            by_tag={tag.name: count for tag, count in statistics.by_tag.items()},
            by_tag_capped=statistics.by_tag_capped,
            created_last_7_days=statistics.created_last_7_days,
            completed_last_7_days=statistics.completed_last_7_days,
            average_completion_seconds=statistics.average_completion_seconds,
        )
