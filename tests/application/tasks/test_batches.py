from datetime import timedelta
from typing import Any, Final

import pytest

from adapters.memory.storage import InMemoryStorage
from application.tasks.batches import MAX_BATCH_SIZE, TaskBatchService
from application.tasks.tasks import CreateTask
from domain.errors import TasksNotFound
from domain.tasks.status import Status
from tests.contracts.given import add, expected_snapshot, snapshot, titles
from tests.support.builders import ANN, BEN, a_task, acting, new_task_id
from tests.support.errors import raises_invalid
from tests.support.stubs import SettableClock

pytestmark = pytest.mark.usefixtures("ann_and_ben")

EDIT_AND_DELETE: Final = pytest.mark.parametrize(
    ("method", "changes"), [("edit", {"title": "Changed"}), ("delete", {})]
)


@pytest.fixture
def service(storage: InMemoryStorage, clock: SettableClock) -> TaskBatchService:
    return TaskBatchService(storage.unit_of_work, clock, new_task_id)


async def test_tasks_are_created_in_the_given_order(service: TaskBatchService, storage: InMemoryStorage) -> None:
    expected = [f"{n:03}" for n in range(MAX_BATCH_SIZE)]

    created = await service.create(acting(ANN), [CreateTask(title=title) for title in expected])

    assert titles(created) == expected
    assert await snapshot(storage) == expected_snapshot(*created)


async def test_no_task_is_created_if_one_is_invalid(service: TaskBatchService, storage: InMemoryStorage) -> None:
    with raises_invalid("title", "invalid_title"):
        await service.create(acting(ANN), [CreateTask(title="a"), CreateTask(title=" ")])

    assert await snapshot(storage) == expected_snapshot()


@pytest.mark.parametrize("number", [0, MAX_BATCH_SIZE + 1])
async def test_an_empty_or_too_long_batch_is_refused(number: int, service: TaskBatchService) -> None:
    with raises_invalid("batch", "invalid_batch"):
        await service.create(acting(ANN), number * [CreateTask(title="a")])
    ids = [new_task_id() for _ in range(number)]
    with raises_invalid("batch", "invalid_batch"):
        await service.edit(acting(ANN), ids, title="a")
    with raises_invalid("batch", "invalid_batch"):
        await service.delete(acting(ANN), ids)


async def test_edited_tasks_are_returned_in_the_requested_order(
    service: TaskBatchService, storage: InMemoryStorage, clock: SettableClock
) -> None:
    done, todo, other = a_task(status=Status.COMPLETED), a_task(), a_task()
    await add(storage, done, todo, other)
    clock.time += timedelta(seconds=1)

    changed = await service.edit(acting(ANN), [todo.id, done.id], completed=True)

    assert [task.id for task in changed] == [todo.id, done.id]
    assert [task.version for task in changed] == [2, 1]
    assert await snapshot(storage) == expected_snapshot(*changed, other)


async def test_several_tasks_are_deleted(service: TaskBatchService, storage: InMemoryStorage) -> None:
    tasks = [a_task() for _ in range(3)]
    await add(storage, *tasks)

    await service.delete(acting(ANN), [tasks[2].id, tasks[0].id])

    assert await snapshot(storage) == expected_snapshot(tasks[1])


@EDIT_AND_DELETE
async def test_nothing_changes_if_tasks_are_missing_and_the_error_has_all_their_ids(
    method: str, changes: dict[str, Any], service: TaskBatchService, storage: InMemoryStorage
) -> None:
    mine, bens, unknown = a_task(), a_task(owner_id=BEN), new_task_id()
    await add(storage, mine)
    await add(storage, bens)

    with pytest.raises(TasksNotFound) as refusal:
        await getattr(service, method)(acting(ANN), [unknown, mine.id, bens.id], **changes)

    assert refusal.value.ids == (unknown, bens.id)
    assert await snapshot(storage) == expected_snapshot(mine)
    assert await snapshot(storage, BEN) == expected_snapshot(bens)


@EDIT_AND_DELETE
async def test_a_batch_with_a_repeated_task_is_refused(
    method: str, changes: dict[str, Any], service: TaskBatchService, storage: InMemoryStorage
) -> None:
    await add(storage, task := a_task())

    with raises_invalid("batch", "invalid_batch"):
        await getattr(service, method)(acting(ANN), [task.id, task.id], **changes)
    assert await snapshot(storage) == expected_snapshot(task)


async def test_no_task_is_changed_if_the_change_is_invalid(service: TaskBatchService, storage: InMemoryStorage) -> None:
    await add(storage, task := a_task())

    with raises_invalid("title", "invalid_title"):
        await service.edit(acting(ANN), [task.id], title=" ")
    assert await snapshot(storage) == expected_snapshot(task)
