from dataclasses import replace
from datetime import UTC
from itertools import product
from typing import Final
from uuid import UUID

import pytest

from application.platform.paging import TOTAL_CAP, Position, Window
from application.storage import Storage
from domain.calendar import MAX_MICROSECONDS, MIN_MICROSECONDS
from domain.tasks.conditions import PriorityIn
from domain.tasks.status import Status
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import MAX_SORT_KEY, MIN_SORT_KEY, SortField, TaskCriteria, TaskFilter, TaskOrder
from tests.contracts.given import EVERYTHING, OLDEST_FIRST, StorageSuite, add, find, in_order, remove, save
from tests.contracts.state_machine.assortment import EVERY_ORDER, TODAY, assorted_tasks, twins
from tests.support.builders import ANN, BEN, NOW, a_task, new_task_id, tags

HOME: Final = TaskFilter(tags=frozenset(tags("home"))).to_criteria(NOW, UTC)


KEYS: Final[dict[SortField, list[int | str]]] = {
    SortField.CREATED_AT: [MIN_MICROSECONDS, 0, MAX_MICROSECONDS],
    SortField.UPDATED_AT: [MIN_MICROSECONDS, 0, MAX_MICROSECONDS],
    SortField.DUE_DATE: [MIN_SORT_KEY, MIN_MICROSECONDS, 0, MAX_MICROSECONDS, MAX_SORT_KEY],
    SortField.PRIORITY: [0, 1, 2, 3],
    SortField.STATUS: [0, 1, 2, 3],
    SortField.TITLE: ["", "\x01", "%", "'", "\U0010ffff" * 1000],
}


def is_beyond(task: Task, position: Position, order: TaskOrder) -> bool:
    place = (order.key(task), task.id)
    edge = (position.key, position.id)
    return place < edge if order.descending else place > edge


def after(task: Task, order: TaskOrder) -> Position:
    return Position(order.key(task), task.id)


async def page(
    storage: Storage,
    order: TaskOrder,
    limit: int,
    *,
    skip: int = 0,
    position: Position | None = None,
    criteria: TaskCriteria = EVERYTHING,
) -> list[Task]:
    async with storage.unit_of_work() as uow:
        found = await uow.tasks.find(criteria, order, Window(limit=limit, skip=skip, after=position), owner_id=ANN)
    assert found.total is None
    return found.items


async def total(storage: Storage, criteria: TaskCriteria, *, limit: int = 1, position: Position | None = None) -> int:
    async with storage.unit_of_work() as uow:
        found = await uow.tasks.find(
            criteria, OLDEST_FIRST, Window(limit=limit, after=position, is_counted=True), owner_id=ANN
        )
    assert found.total is not None
    return found.total


class PagingContract(StorageSuite):
    async def test_pages_by_skip_contain_all_tasks(self, storage: Storage, subtests: pytest.Subtests) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for order, criteria in product(EVERY_ORDER, [EVERYTHING, HOME]):
            expected = [task for task in in_order(order, tasks) if criteria.match(task)]
            for size in (1, 7):
                with subtests.test(f"{size} of {len(expected)} by {order}"):
                    for skip in range(0, len(expected) + size, size):
                        part = await page(storage, order, size, skip=skip, criteria=criteria)
                        assert part == expected[skip : skip + size]

    async def test_pages_by_position_contain_all_tasks(self, storage: Storage, subtests: pytest.Subtests) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for order, criteria in product(EVERY_ORDER, [EVERYTHING, HOME]):
            expected = [task for task in in_order(order, tasks) if criteria.match(task)]
            for size in (1, 7):
                with subtests.test(f"{size} of {len(expected)} by {order}"):
                    given = await page(storage, order, size, criteria=criteria)
                    while part := await page(storage, order, size, position=after(given[-1], order), criteria=criteria):
                        given += part
                        assert len(given) <= len(expected)
                    assert given == expected

    async def test_a_tag_on_many_tasks_is_paged_like_any_other(
        self, storage: Storage, subtests: pytest.Subtests
    ) -> None:
        tasks = [*assorted_tasks(), *(a_task(title=f"{n}", tags=tags("home")) for n in range(3000))]
        await add(storage, *tasks)
        for order in EVERY_ORDER:
            with subtests.test(f"{order}"):
                expected = [task for task in in_order(order, tasks) if HOME.match(task)]
                first = await page(storage, order, 4, skip=1, criteria=HOME)
                assert first == expected[1:5]
                assert await page(storage, order, 9, position=after(first[-1], order), criteria=HOME) == expected[5:14]

    @pytest.mark.parametrize("order", EVERY_ORDER, ids=str)
    async def test_paging_during_concurrent_writes_returns_each_unchanged_task_once(
        self, storage: Storage, order: TaskOrder
    ) -> None:
        tasks = in_order(order, assorted_tasks())
        staying, doomed = tasks[::2], tasks[1::2]
        await add(storage, *tasks)
        newcomers = twins([tasks[0], tasks[len(tasks) // 2], tasks[-1]] * 3)
        unborn = list(newcomers)
        given: list[Task] = []
        part = await page(storage, order, 2)
        while part:
            given += part
            assert len(given) <= len(tasks) + len(newcomers)
            leaving = [task for task in part if task in doomed] or doomed[-1:]
            doomed = [task for task in doomed if task not in leaving]
            if leaving:
                await remove(storage, *leaving)
            if unborn:
                await add(storage, unborn.pop())
            part = await page(storage, order, 2, position=after(part[-1], order))

        assert [task for task in given if task in staying] == staying
        assert given == in_order(order, given)
        assert len({task.id for task in given}) == len(given)

    async def test_a_task_with_unchanged_sort_key_may_change_while_paging(self, storage: Storage) -> None:
        order = TaskOrder(SortField.TITLE, descending=False)
        tasks = [a_task(title=title) for title in "abcdef"]
        await add(storage, *tasks)
        first = await page(storage, order, 3)
        changed = [task.edit(at=NOW, priority=Priority.LOW, title=task.title.upper()) for task in tasks]
        await save(storage, *changed)

        assert first + await page(storage, order, 9, position=after(first[-1], order)) == tasks[:3] + changed[3:]

    async def test_a_position_remains_valid_after_its_task_is_removed(
        self, storage: Storage, subtests: pytest.Subtests
    ) -> None:
        tasks = assorted_tasks()
        absent, present = tasks[::2], tasks[1::2]
        await add(storage, *present)
        for order, task in product(EVERY_ORDER, absent):
            with subtests.test(f"{task.title} by {order}"):
                expected = in_order(order, [*present, task])
                following = expected[expected.index(task) + 1 :]
                assert await page(storage, order, 99, position=after(task, order)) == following

    async def test_a_window_can_start_at_any_position(self, storage: Storage, subtests: pytest.Subtests) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for order in EVERY_ORDER:
            for key, id in product(KEYS[order.field], (0, 2**128 - 1)):
                with subtests.test(f"{key!a:.20} by {order}"):
                    position = Position(order.validate_key(key), UUID(int=id))
                    expected = [task for task in in_order(order, tasks) if is_beyond(task, position, order)]
                    assert await page(storage, order, 99, position=position) == expected

    async def test_a_position_takes_precedence_over_skip(self, storage: Storage) -> None:
        tasks = [a_task() for _ in range(5)]
        await add(storage, *tasks)

        assert await page(storage, OLDEST_FIRST, 9, skip=2, position=after(tasks[0], OLDEST_FIRST)) == tasks[1:]

    async def test_a_window_beyond_the_end_is_empty(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)

        assert await page(storage, OLDEST_FIRST, 9, skip=1) == []
        assert await page(storage, OLDEST_FIRST, 9, skip=100_000) == []
        assert await page(storage, OLDEST_FIRST, 9, position=after(task, OLDEST_FIRST)) == []
        assert await page(storage, TaskOrder(), 9, position=after(task, TaskOrder())) == []

    async def test_the_total_counts_all_matches_independently_of_the_window(self, storage: Storage) -> None:
        tasks = [a_task(tags=tags("home") if n % 3 else ()) for n in range(10)]
        await add(storage, *tasks, a_task(owner_id=BEN, tags=tags("home")))

        for criteria, count in ((EVERYTHING, 10), (HOME, 6)):
            for limit in (1, 5, 50):
                assert await total(storage, criteria, limit=limit) == count
            assert await total(storage, criteria, position=after(tasks[8], OLDEST_FIRST)) == count
        async with storage.unit_of_work() as uow:
            beyond = await uow.tasks.find(HOME, OLDEST_FIRST, Window(limit=5, skip=500, is_counted=True), owner_id=ANN)
        assert (beyond.items, beyond.total) == ([], 6)

    async def test_a_total_is_exact_for_plain_criteria_and_capped_otherwise(self, storage: Storage) -> None:
        count = TOTAL_CAP + 20
        first = a_task(title="x", tags=tags("all"), priority=Priority.HIGH)
        tasks = [replace(first, id=new_task_id()) for _ in range(count)]
        half = [task.edit(at=NOW, status=Status.COMPLETED, tags=tags("half")) for task in tasks[::2]]
        await add(storage, *tasks)

        assert await total(storage, EVERYTHING) == count
        assert await total(storage, TaskCriteria((PriorityIn(frozenset({Priority.HIGH})),))) == count
        for filter in (
            TaskFilter(tags=frozenset(tags("all"))),
            TaskFilter(search="x"),
            TaskFilter(overdue=False),
            TaskFilter(created_after=TODAY),
        ):
            assert await total(storage, filter.to_criteria(NOW, UTC)) == TOTAL_CAP + 1

        await save(storage, *half)
        assert await total(storage, TaskFilter(completed=True).to_criteria(NOW, UTC)) == len(half)
        assert await total(storage, TaskFilter(tags=frozenset(tags("half"))).to_criteria(NOW, UTC)) == len(half)
        await remove(storage, *half[:15])
        assert await total(storage, TaskFilter(search="x").to_criteria(NOW, UTC)) == TOTAL_CAP + 1
        assert await total(storage, EVERYTHING) == count - 15
        await remove(storage, *half[15:30])
        assert await total(storage, TaskFilter(search="x").to_criteria(NOW, UTC)) == count - 30
        assert (await find(storage))[-1].id == max(task.id for task in tasks)
