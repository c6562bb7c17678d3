from datetime import UTC, date, datetime, timedelta

import pytest

from application.storage import Storage
from domain.calendar import Due
from domain.tasks.status import Status
from domain.tasks.task import Priority
from domain.tasks.task_query import SortField, TaskOrder
from tests.contracts.given import StorageSuite, add, find, in_order, save_in, titles
from tests.contracts.state_machine.assortment import EVERY_ORDER, MICROSECOND, TODAY, assorted_tasks
from tests.support.builders import NOW, a_task


class OrderContract(StorageSuite):
    async def test_tasks_are_sorted_by_key_and_id(self, storage: Storage, subtests: pytest.Subtests) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)

        for order in EVERY_ORDER:
            with subtests.test(str(order)):
                assert await find(storage, order=order) == in_order(order, tasks)

    async def test_ties_are_broken_by_id_in_the_same_direction(
        self, storage: Storage, subtests: pytest.Subtests
    ) -> None:
        tasks = [a_task() for _ in range(5)]
        await add(storage, *tasks[3:], *tasks[:3])

        for order in EVERY_ORDER:
            with subtests.test(str(order)):
                assert await find(storage, order=order) == (tasks[::-1] if order.descending else tasks)

    async def test_titles_are_sorted_by_code_points_of_their_casefold(self, storage: Storage) -> None:
        ascending = ["-", "A b", "a_B", "aB", "STRASSE", "stra\u00dfe a", "Z", "\u00e9", "\ud7ff", "\ue000", "\uffee"]
        ascending += ["\U00010400", "\U0001f600", "\U0010fffd"]
        await add(storage, *(a_task(title=title) for title in [*ascending[::2], *ascending[1::2]]))

        assert titles(await find(storage, order=TaskOrder(SortField.TITLE, descending=False))) == ascending
        assert titles(await find(storage, order=TaskOrder(SortField.TITLE))) == ascending[::-1]

    @pytest.mark.parametrize("descending", [False, True])
    async def test_tasks_without_due_date_come_last_in_both_directions(
        self, storage: Storage, descending: bool
    ) -> None:
        dues = [
            Due(date.min),
            Due(datetime.combine(TODAY, datetime.max.time(), UTC) - MICROSECOND),
            Due(TODAY),
            Due(datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), UTC)),
            Due(date.max - timedelta(days=1)),
            Due(datetime.combine(date.max, datetime.min.time(), UTC)),
            Due(date.max),
        ]
        dated = [a_task(due=due) for due in dues]
        undated = [a_task(), a_task()]
        await add(storage, undated[0], *dated[3:], *dated[:3], undated[1])

        expected = [*dated[::-1], *undated[::-1]] if descending else [*dated, *undated]
        assert await find(storage, order=TaskOrder(SortField.DUE_DATE, descending)) == expected

    async def test_statuses_and_priorities_are_ordered_by_rank(self, storage: Storage) -> None:
        by_status = [a_task(status=status) for status in Status]
        await add(storage, *by_status[::-1])
        assert await find(storage, order=TaskOrder(SortField.STATUS, descending=False)) == by_status

        by_priority = [task.edit(at=NOW, priority=priority) for task, priority in zip(by_status, Priority, strict=True)]
        async with storage.unit_of_work() as uow:
            await save_in(uow, *(task for task in by_priority if task.version == 2))
            await uow.commit()
        assert await find(storage, order=TaskOrder(SortField.PRIORITY)) == by_priority[::-1]

    @pytest.mark.parametrize("field", [SortField.CREATED_AT, SortField.UPDATED_AT])
    async def test_instants_are_ordered_to_the_microsecond(self, storage: Storage, field: SortField) -> None:
        tasks = [a_task(at=NOW + n * MICROSECOND) for n in (0, 1, 2, 999_999, 1_000_000)]
        await add(storage, *tasks[::-1])

        assert await find(storage, order=TaskOrder(field, descending=False)) == tasks
