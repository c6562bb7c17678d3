"""Random histories of one owner's tasks around one point in time."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from application.storage import UnitOfWork
from domain.calendar import Due, local_date, start_instant
from domain.identity.user import UserId
from domain.tasks.statistics import RECENT_PERIOD
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task, TaskId
from tests.contracts.given import add_in, remove_in, save_in
from tests.contracts.state_machine.assortment import MICROSECOND
from tests.support.builders import NOW, a_task
from tests.support.strategies import clock_times, dues, priorities, statuses, tag_tuples, zones

EDGE_CASES: Final = [
    (NOW, ZoneInfo("UTC")),
    (NOW, ZoneInfo("Etc/GMT+12")),
    (NOW, ZoneInfo("Pacific/Kiritimati")),
    (datetime(2011, 12, 30, 9, 59, 59, 999_999, UTC), ZoneInfo("Pacific/Apia")),  # the next day does not exist
    (datetime(2018, 11, 4, 3, tzinfo=UTC), ZoneInfo("America/Sao_Paulo")),  # the day starts at one o'clock
    (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), ZoneInfo("America/Havana")),  # an hour is repeated
    (datetime(2026, 4, 4, 15, tzinfo=UTC), ZoneInfo("Australia/Lord_Howe")),  # the clock goes back half an hour
    (datetime(2026, 3, 1, 18, 15, tzinfo=UTC), ZoneInfo("Asia/Kathmandu")),  # a Monday starts
    (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin")),  # the week belongs to two years
    (datetime(1971, 1, 4, 0, 44, 30, tzinfo=UTC), ZoneInfo("Africa/Monrovia")),  # the offset has seconds
]

AGES: Final = [
    timedelta(0),
    RECENT_PERIOD - MICROSECOND,
    RECENT_PERIOD,
    RECENT_PERIOD + MICROSECOND,
    timedelta(days=400),
    -MICROSECOND,
]
"""Ages of tasks. A negative age is possible when a clock was set back."""


def dues_around(now: datetime, zone: ZoneInfo) -> list[Due]:
    """Return days around this week, and instants around the start of each day and around now."""
    days = [local_date(now, zone) + timedelta(days=n) for n in range(-8, 9)]
    instants = [
        now,
        *(start_instant(day, zone) for day in days),
        *(datetime.combine(day, time.min, UTC) for day in days),
    ]
    return [*map(Due, days), *(Due(instant + n * MICROSECOND) for instant in instants for n in (-1, 0, 1))]


@dataclass(frozen=True)
class Step:
    """Add, edit or remove one task."""

    chosen: int
    """Index of an existing task; a larger number means a new task."""
    removes: bool
    edits: frozenset[str]
    at: datetime
    status: Status
    priority: Priority
    due: Due | None
    tags: tuple[Tag, ...]

    async def write(self, uow: UnitOfWork, tasks: dict[TaskId, Task], owner_id: UserId) -> None:
        """Apply the step to the unit of work and to `tasks`."""
        if self.chosen >= len(tasks):
            task = self._new(owner_id)
            await add_in(uow, task)
            tasks[task.id] = task
            return
        task = list(tasks.values())[self.chosen]
        if self.removes:
            await remove_in(uow, tasks.pop(task.id))
            return
        edited = self._edited(task)
        if edited is not task:
            await save_in(uow, edited)
            tasks[task.id] = edited

    def _new(self, owner_id: UserId) -> Task:
        return a_task(
            owner_id=owner_id, at=self.at, status=self.status, priority=self.priority, due=self.due, tags=self.tags
        )

    def _edited(self, task: Task) -> Task:
        return task.edit(
            at=self.at,
            status=self.status if "status" in self.edits else task.status,
            priority=self.priority if "priority" in self.edits else task.priority,
            due=self.due if "due" in self.edits else task.due,
            tags=self.tags if "tags" in self.edits else task.tags,
        )


@dataclass(frozen=True)
class Unit:
    steps: list[Step]
    is_committed: bool


@dataclass(frozen=True)
class History:
    now: datetime
    zones: list[ZoneInfo]
    units: list[Unit]


@st.composite
def histories(draw: st.DrawFn) -> History:
    now, zone = draw(st.sampled_from(EDGE_CASES) | st.tuples(clock_times, zones))
    steps = st.builds(
        Step,
        chosen=st.integers(0, 6),
        removes=st.sampled_from([False, False, True]),
        edits=st.frozensets(st.sampled_from(["status", "priority", "due", "tags"]), min_size=1),
        at=st.sampled_from([now - age for age in AGES]),
        status=statuses,
        priority=priorities,
        due=st.none() | st.sampled_from(dues_around(now, zone)) | dues,
        tags=tag_tuples,
    )
    units = st.builds(Unit, st.lists(steps, min_size=1, max_size=3), st.sampled_from([True, True, True, False]))
    return History(now, [zone, draw(zones)], draw(st.lists(units, min_size=1, max_size=8)))
