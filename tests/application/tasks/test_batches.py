from datetime import timedelta
from typing import Any, Final

import pytest

from adapters.memory.storage import InMemoryStorage
from application.tasks.batches import MAX_BATCH, TaskBatchService
from application.tasks.tasks import CreateTask
from domain.errors import InvalidBatch, InvalidTitle, TaskNotFound
from domain.tasks.task import Status
from tests.contracts.given import add, seen, seen_of, titles
from tests.support.builders import ANN, BEN, a_task, acting, new_task_id
from tests.support.stubs import SettableClock

pytestmark = pytest.mark.usefixtures("ann_and_ben")

EACH: Final = pytest.mark.parametrize(("method", "changes"), [("edit", {"title": "Changed"}), ("delete", {})])


@pytest.fixture
def service(storage: InMemoryStorage, clock: SettableClock) -> TaskBatchService:
    return TaskBatchService(storage.unit_of_work, clock, new_task_id)


async def test_many_are_made_in_the_order_given(service: TaskBatchService, storage: InMemoryStorage) -> None:
    wanted = [f"{n:03}" for n in range(MAX_BATCH)]

    made = await service.create(acting(ANN), [CreateTask(title=title) for title in wanted])

    assert titles(made) == wanted
    assert await seen(storage) == seen_of(*made)


async def test_none_is_made_where_one_breaks_a_rule(service: TaskBatchService, storage: InMemoryStorage) -> None:
    with pytest.raises(InvalidTitle):
        await service.create(acting(ANN), [CreateTask(title="a"), CreateTask(title=" ")])

    assert await seen(storage) == seen_of()


@pytest.mark.parametrize("number", [0, MAX_BATCH + 1])
async def test_a_batch_is_neither_empty_nor_too_long(number: int, service: TaskBatchService) -> None:
    with pytest.raises(InvalidBatch):
        await service.create(acting(ANN), number * [CreateTask(title="a")])
    ids = [new_task_id() for _ in range(number)]
    with pytest.raises(InvalidBatch):
        await service.edit(acting(ANN), ids, title="a")
    with pytest.raises(InvalidBatch):
        await service.delete(acting(ANN), ids)


async def test_many_are_changed_and_answered_in_the_order_asked(
    service: TaskBatchService, storage: InMemoryStorage, clock: SettableClock
) -> None:
    done, todo, other = a_task(status=Status.COMPLETED), a_task(), a_task()
    await add(storage, done, todo, other)
    clock.time += timedelta(seconds=1)

    changed = await service.edit(acting(ANN), [todo.id, done.id], completed=True)

    assert [task.id for task in changed] == [todo.id, done.id]
    assert [task.version for task in changed] == [2, 1]
    assert await seen(storage) == seen_of(*changed, other)


async def test_many_are_deleted(service: TaskBatchService, storage: InMemoryStorage) -> None:
    tasks = [a_task() for _ in range(3)]
    await add(storage, *tasks)

    await service.delete(acting(ANN), [tasks[2].id, tasks[0].id])

    assert await seen(storage) == seen_of(tasks[1])


@EACH
async def test_nothing_happens_where_some_are_not_found_and_all_of_these_are_named(
    method: str, changes: dict[str, Any], service: TaskBatchService, storage: InMemoryStorage
) -> None:
    mine, bens, nobodys = a_task(), a_task(owner_id=BEN), new_task_id()
    await add(storage, mine)
    await add(storage, bens)

    with pytest.raises(TaskNotFound) as refused:
        await getattr(service, method)(acting(ANN), [nobodys, mine.id, bens.id], **changes)

    assert refused.value.task_ids == (nobodys, bens.id)
    assert await seen(storage) == seen_of(mine)
    assert await seen(storage, BEN) == seen_of(bens)


@EACH
async def test_a_batch_names_each_task_once(
    method: str, changes: dict[str, Any], service: TaskBatchService, storage: InMemoryStorage
) -> None:
    await add(storage, task := a_task())

    with pytest.raises(InvalidBatch):
        await getattr(service, method)(acting(ANN), [task.id, task.id], **changes)
    assert await seen(storage) == seen_of(task)


async def test_none_is_changed_where_the_change_breaks_a_rule(
    service: TaskBatchService, storage: InMemoryStorage
) -> None:
    await add(storage, task := a_task())

    with pytest.raises(InvalidTitle):
        await service.edit(acting(ANN), [task.id], title=" ")
    assert await seen(storage) == seen_of(task)
