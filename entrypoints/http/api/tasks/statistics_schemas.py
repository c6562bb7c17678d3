from dataclasses import dataclass
from typing import Self

from domain.tasks.statistics import Statistics
from domain.tasks.status import Status
from domain.tasks.task import Priority


@dataclass(slots=True)
class StatisticsView:
    total: int
    completed: int
    incomplete: int
    overdue: int
    due_today: int
    due_this_week: int
    completion_rate: float
    by_status: dict[Status, int]
    by_priority: dict[Priority, int]
    by_tag: dict[str, int]
    by_tag_capped: bool
    created_last_7_days: int
    completed_last_7_days: int
    average_completion_seconds: float | None

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
