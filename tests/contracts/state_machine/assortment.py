"""Tasks with different and equal values of everything that a list can be sorted or filtered by."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Final

from domain.calendar import Due
from domain.tasks.status import Status
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import SortField, TaskOrder
from tests.support.builders import NOW, a_task, new_task_id, tags

MICROSECOND: Final = timedelta(microseconds=1)
EVERY_ORDER: Final = [TaskOrder(field, descending) for field in SortField for descending in (False, True)]
TODAY: Final = NOW.date()

TITLES: Final = [
    "Zebra",
    "apple",
    "Apple",
    "APPLE",
    "_apple",
    "apple pie",
    "Straße",
    "STRASSE",
    "strasse 2",
    "\u00c9clair",
    "E\u0301clair",
    "\uffee half-width",
    "\U0001f600 astral, after all of the basic plane",
    "\U00010400 Deseret",
    "\U00010428 deseret",
    "\u0130stanbul",
    "it's 100% \\ done",
    "-",
]
DUES: Final = [
    None,
    Due(TODAY),
    Due(TODAY),
    Due(datetime.combine(TODAY, datetime.max.time(), UTC)),
    Due(datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), UTC)),
    Due(NOW - MICROSECOND),
    Due(NOW),
    Due(NOW + MICROSECOND),
    None,
    Due(TODAY - timedelta(days=1)),
    Due(date.min),
    Due(date.max),
    Due(datetime.combine(date.max, datetime.min.time(), UTC)),
]
AGES: Final = [timedelta(0), timedelta(0), MICROSECOND, -MICROSECOND, timedelta(days=7), timedelta(days=400)]
TAGS: Final = [(), tags("home"), tags("work"), tags("home", "work"), tags("work", "urgent"), tags("{a}", '"', "null")]


def assorted_tasks() -> list[Task]:
    """Return tasks of Ann. The order of their ids is unrelated to all other orders."""
    statuses, priorities = cycle(Status), cycle([*Priority, Priority.LOW])
    random = Random(1)
    ids = [new_task_id() for _ in range(2 * len(TITLES))]
    random.shuffle(ids)
    tasks = [
        a_task(id=id, title=title, due=due, tags=labels, status=next(statuses), priority=next(priorities), at=NOW - age)
        for id, title, due, labels, age in zip(ids, TITLES * 2, cycle(DUES), cycle(TAGS), cycle(AGES), strict=False)
    ]
    later = [task.edit(at=NOW + random.choice(AGES), description="Changed since") for task in tasks[::3]]
    return [*later, *(task for n, task in enumerate(tasks) if n % 3)]


def twins(tasks: list[Task]) -> list[Task]:
    """Return copies that differ only in the id."""
    return [replace(task, id=new_task_id()) for task in tasks]
