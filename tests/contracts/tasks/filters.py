from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from application.platform.paging import Slice, Window, cursor_after, position_of
from application.storage import Storage
from domain.calendar import DateOrDatetime, Due
from domain.identity.user import UserId
from domain.tasks.status import Status
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import SortField, TaskCriteria, TaskFilter, TaskOrder
from tests.contracts.given import MANY, StorageSuite, add, find, in_order, register, titles
from tests.contracts.state_machine.assortment import MICROSECOND, TODAY, assorted_tasks
from tests.support.builders import ANN, BEN, NOW, a_task, a_user, new_task_id, tags
from tests.support.strategies import clock_times, task_filters, task_lists, task_orders, zones

BERLIN: Final = ZoneInfo("Europe/Berlin")
KIRITIMATI: Final = ZoneInfo("Pacific/Kiritimati")
NEWEST_FIRST: Final = TaskOrder()
BY_DUE_DATE: Final = TaskOrder(SortField.DUE_DATE)

SAMPLES: Final[dict[str, list[Any]]] = {
    "statuses": [frozenset({Status.PENDING}), frozenset({Status.PENDING, Status.CANCELLED})],
    "priorities": [frozenset({Priority.CRITICAL}), frozenset({Priority.LOW, Priority.HIGH})],
    "tags": [frozenset(tags("work")), frozenset(tags("work", "home")), frozenset(tags("{a}"))],
    "completed": [True, False],
    "overdue": [True, False],
    "search": ["apple", "Apple pie"],
    "created_after": [NOW, TODAY],
    "created_before": [NOW, TODAY],
    "due_after": [NOW, TODAY],
    "due_before": [NOW, TODAY],
}
"""Values of each field of the filter. Some of the assorted tasks match them, and some do not."""

SELECTIVE: Final = [
    TaskFilter(due_after=TODAY, due_before=TODAY + timedelta(days=1)),
    TaskFilter(due_after=date.min, due_before=datetime(9999, 12, 31, tzinfo=BERLIN)),
    TaskFilter(statuses=frozenset({Status.PENDING, Status.IN_PROGRESS}), completed=False, overdue=True),
    TaskFilter(search="E", tags=frozenset(tags("home")), priorities=frozenset({Priority.LOW, Priority.MEDIUM})),
    TaskFilter(overdue=True, due_after=TODAY - timedelta(days=2), created_before=NOW, search="a"),
]

CONTRADICTORY: Final = [
    TaskFilter(statuses=frozenset({Status.COMPLETED}), completed=False),
    TaskFilter(overdue=True, completed=True),
    TaskFilter(tags=frozenset(tags("unheard-of"))),
    TaskFilter(due_after=TODAY, due_before=TODAY),
    TaskFilter(created_after=date.max),
    TaskFilter(created_before=date.min),
]

seldom = settings(
    max_examples=max(settings().max_examples // 4, 1),
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Settings of property tests on a database. All examples share it, so each uses an owner of its own."""


def owned(tasks: list[Task], owner_id: UserId) -> list[Task]:
    """Return copies of the tasks with another owner and new ids in the same order."""
    fresh = sorted(new_task_id() for _ in tasks)
    by_id = sorted(tasks, key=lambda task: task.id)
    return [replace(task, id=id, owner_id=owner_id) for task, id in zip(by_id, fresh, strict=True)]


def samples(field: str) -> list[TaskFilter]:
    """Return filters with a condition on one field only."""
    return [TaskFilter(**{field: value}) for value in SAMPLES[field]]


async def find_counted(
    storage: Storage, criteria: TaskCriteria, order: TaskOrder = NEWEST_FIRST, **window: Any
) -> Slice[Task]:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.find(criteria, order, Window(**{"limit": MANY, **window}), owner_id=ANN)


class FilterContract(StorageSuite):
    async def test_each_field_finds_and_counts_the_matching_tasks(
        self, storage: Storage, subtests: pytest.Subtests
    ) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for field in fields(TaskFilter):
            for filter, zone in product(samples(field.name), [BERLIN, KIRITIMATI]):
                with subtests.test(f"{field.name}: {filter} in {zone}"):
                    criteria = filter.to_criteria(NOW, zone)
                    expected = [task for task in in_order(NEWEST_FIRST, tasks) if criteria.match(task)]
                    assert await find_counted(storage, criteria, is_counted=True) == Slice(expected, len(expected))
                    assert 0 < len(expected) < len(tasks)

    async def test_each_two_fields_find_and_count_the_matching_tasks(self, storage: Storage) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for one, other in combinations([field.name for field in fields(TaskFilter)], 2):
            filter = TaskFilter(**{one: SAMPLES[one][0], other: SAMPLES[other][-1]})
            criteria = filter.to_criteria(NOW, BERLIN)
            expected = [task for task in in_order(NEWEST_FIRST, tasks) if criteria.match(task)]
            found = await find_counted(storage, criteria, is_counted=True)
            assert found == Slice(expected, len(expected)), filter

    async def test_pages_after_a_cursor_contain_all_tasks_that_match_a_field(
        self, storage: Storage, subtests: pytest.Subtests
    ) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for field, order in product(fields(TaskFilter), [NEWEST_FIRST, BY_DUE_DATE]):
            filter = samples(field.name)[0]
            with subtests.test(f"{field.name} by {order}"):
                criteria = filter.to_criteria(NOW, BERLIN)
                found = (await find_counted(storage, criteria, order, limit=4)).items
                size = -1
                while len(found) != size:
                    size = len(found)
                    after = position_of(cursor_after(found[-1], filter, order), filter, order)
                    found += (await find_counted(storage, criteria, order, limit=4, after=after)).items
                assert found == [task for task in in_order(order, tasks) if criteria.match(task)]

    async def test_matching_tasks_are_found(self, storage: Storage, subtests: pytest.Subtests) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for filter, zone in product(SELECTIVE, [BERLIN, KIRITIMATI]):
            with subtests.test(f"{filter} in {zone}"):
                criteria = filter.to_criteria(NOW, zone)
                expected = [task for task in in_order(NEWEST_FIRST, tasks) if criteria.match(task)]
                assert await find(storage, criteria, NEWEST_FIRST) == expected
                assert 0 < len(expected) < len(tasks)

    async def test_criteria_without_matches_find_no_task(self, storage: Storage, subtests: pytest.Subtests) -> None:
        await add(storage, *assorted_tasks())
        for filter in CONTRADICTORY:
            with subtests.test(str(filter)):
                assert await find(storage, filter.to_criteria(NOW, BERLIN)) == []

    async def test_tasks_of_other_owners_are_not_found(self, storage: Storage) -> None:
        await add(storage, *owned(assorted_tasks(), BEN))

        assert await find(storage) == []
        assert await find(storage, TaskFilter(search="apple").to_criteria(NOW, BERLIN)) == []

    @pytest.mark.parametrize(
        ("bound", "found"),
        [
            (date(2026, 3, 5), ["day 5", "Berlin's 5", "UTC's 5"]),
            (datetime(2026, 3, 4, 23, tzinfo=UTC), ["day 5", "Berlin's 5", "UTC's 5"]),
            (datetime(2026, 3, 4, 23, 0, 0, 1, tzinfo=UTC), ["day 5", "UTC's 5"]),
            (datetime(2026, 3, 5, tzinfo=UTC), ["day 5", "UTC's 5"]),
            (datetime(2026, 3, 4, 22, 59, tzinfo=UTC), ["day 4", "day 5", "before", "Berlin's 5", "UTC's 5"]),
        ],
        ids=str,
    )
    async def test_due_days_compare_as_days_and_instants_as_instants(
        self, storage: Storage, bound: DateOrDatetime, found: list[str]
    ) -> None:
        tasks = [
            a_task(title="day 4", due=Due(date(2026, 3, 4))),
            a_task(title="day 5", due=Due(date(2026, 3, 5))),
            a_task(title="before", due=Due(datetime(2026, 3, 5, tzinfo=BERLIN) - MICROSECOND)),
            a_task(title="Berlin's 5", due=Due(datetime(2026, 3, 5, tzinfo=BERLIN))),
            a_task(title="UTC's 5", due=Due(datetime(2026, 3, 5, tzinfo=UTC))),
        ]
        await add(storage, *tasks, a_task(title="never"))

        assert titles(await find(storage, TaskFilter(due_after=bound).to_criteria(NOW, BERLIN))) == found

    @seldom
    @given(task_lists(), st.lists(st.tuples(task_filters, task_orders), min_size=1, max_size=5), clock_times, zones)
    async def test_every_filter_finds_the_matching_tasks(
        self,
        storage: Storage,
        drawn: list[Task],
        asked: list[tuple[TaskFilter, TaskOrder]],
        now: datetime,
        zone: ZoneInfo,
    ) -> None:
        owner = a_user()
        await register(storage, owner)
        tasks = owned(drawn, owner.id)
        await add(storage, *tasks)
        note(f"{tasks} at {now} in {zone}")
        for filter, order in asked:
            note(f"{filter} {order}")
            criteria = filter.to_criteria(now, zone)
            expected = [task for task in in_order(order, tasks) if criteria.match(task)]
            async with storage.unit_of_work() as uow:
                found = await uow.tasks.find(criteria, order, Window(limit=100, is_counted=True), owner_id=owner.id)
            assert (found.items, found.total) == (expected, len(expected))
