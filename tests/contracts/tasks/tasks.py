from dataclasses import replace

import pytest

from application.storage import Storage
from domain.errors import StaleTask, TaskNotFound, TasksNotFound, UserNotFound
from domain.tasks.task import Task
from tests.contracts.given import StorageSuite, add, expected_snapshot, find, get, remove, save, snapshot
from tests.support.builders import ANN, BEN, NOW, a_task, new_task_id, new_user_id


async def get_many(storage: Storage, *tasks: Task) -> list[Task]:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.get_many([task.id for task in tasks], owner_id=ANN)


class TaskContract(StorageSuite):
    async def test_an_added_task_is_returned(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)

        assert await get(storage, task.id) == task

    async def test_an_unknown_task_is_not_found(self, storage: Storage) -> None:
        with pytest.raises(TaskNotFound):
            await get(storage, new_task_id())

    async def test_a_task_of_another_owner_is_not_found(self, storage: Storage) -> None:
        task = a_task(owner_id=BEN)
        await add(storage, task)
        with pytest.raises(TaskNotFound) as refusal:
            await get(storage, task.id, owner_id=ANN)
        assert refusal.value.ids == (task.id,)
        with pytest.raises(TaskNotFound):
            await get_many(storage, task)

        assert await find(storage) == []
        assert await get(storage, task.id, owner_id=BEN) == task

    async def test_a_task_is_not_changed_under_another_owner(self, storage: Storage) -> None:
        task = a_task(owner_id=BEN)
        await add(storage, task)
        with pytest.raises(TaskNotFound):
            await save(storage, replace(task.edit(at=NOW, title="Changed"), owner_id=ANN))
        with pytest.raises(TaskNotFound):
            await remove(storage, replace(task, owner_id=ANN))

        assert await snapshot(storage, BEN) == expected_snapshot(task)
        assert await snapshot(storage, ANN) == expected_snapshot()

    async def test_a_task_of_an_unknown_owner_is_refused(self, storage: Storage) -> None:
        with pytest.raises(UserNotFound):
            await add(storage, a_task(owner_id=new_user_id()))

    async def test_several_tasks_are_returned_in_the_requested_order(self, storage: Storage) -> None:
        one, two, three = a_task(), a_task(), a_task()
        await add(storage, one, two, three)

        assert await get_many(storage, three, one, two) == [three, one, two]
        assert await get_many(storage, two) == [two]
        assert await get_many(storage) == []

    async def test_all_missing_ids_are_reported_in_the_requested_order(self, storage: Storage) -> None:
        mine, bens = a_task(), a_task(owner_id=BEN)
        missing = [a_task(), a_task(), a_task()]
        await add(storage, mine, bens)
        with pytest.raises(TasksNotFound) as refusal:
            await get_many(storage, missing[2], mine, missing[0], bens, missing[1])

        assert refusal.value.ids == (missing[2].id, missing[0].id, bens.id, missing[1].id)

    async def test_a_saved_task_replaces_the_previous_version(self, storage: Storage) -> None:
        task, other = a_task(), a_task()
        await add(storage, task, other)
        second = task.edit(at=NOW, title="Second")
        await save(storage, second)
        third = second.edit(at=NOW, description="Third")
        await save(storage, third)

        assert await get(storage, task.id) == third
        assert await snapshot(storage) == expected_snapshot(third, other)

    async def test_a_stale_task_is_not_saved(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        newer = task.edit(at=NOW, title="Newer")
        await save(storage, newer)
        for stale in (task.edit(at=NOW, title="Late"), newer, replace(newer, version=4)):
            with pytest.raises(StaleTask):
                await save(storage, stale)

        assert await snapshot(storage) == expected_snapshot(newer)

    async def test_a_removed_task_is_not_saved(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        await remove(storage, task)
        for removed in (task, a_task()):
            with pytest.raises(TaskNotFound):
                await save(storage, removed.edit(at=NOW, title="Late"))

        assert await snapshot(storage) == expected_snapshot()

    async def test_a_removed_task_is_not_found(self, storage: Storage) -> None:
        kept, doomed = a_task(), a_task()
        await add(storage, kept, doomed)
        await remove(storage, doomed)
        with pytest.raises(TaskNotFound):
            await get(storage, doomed.id)

        assert await snapshot(storage) == expected_snapshot(kept)

    async def test_a_stale_task_is_not_removed(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        newer = task.edit(at=NOW, title="Newer")
        await save(storage, newer)
        with pytest.raises(StaleTask):
            await remove(storage, task)

        assert await snapshot(storage) == expected_snapshot(newer)

    async def test_a_removed_task_is_not_removed_again(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        await remove(storage, task)
        for removed in (task, a_task()):
            with pytest.raises(TaskNotFound):
                await remove(storage, removed)

    async def test_hundreds_of_tasks_are_written_together(self, storage: Storage) -> None:
        old = [a_task(title=f"{n}") for n in range(500)]
        await add(storage, *old)
        assert await get_many(storage, *reversed(old)) == old[::-1]

        new = [task.edit(at=NOW, description="Saved") for task in old]
        await save(storage, *reversed(new))
        assert await snapshot(storage) == expected_snapshot(*new)

        await remove(storage, *new[1:])
        assert await snapshot(storage) == expected_snapshot(new[0])

    async def test_tasks_of_several_owners_are_written_together(self, storage: Storage) -> None:
        anns, bens = a_task(), a_task(owner_id=BEN)
        await add(storage, anns, bens)
        newer = [task.edit(at=NOW, title="Newer") for task in (anns, bens)]
        await save(storage, *newer)
        assert await snapshot(storage, ANN) == expected_snapshot(newer[0])
        assert await snapshot(storage, BEN) == expected_snapshot(newer[1])

        await remove(storage, *newer)
        assert await snapshot(storage, ANN) == await snapshot(storage, BEN) == expected_snapshot()

    async def test_writing_no_task_changes_nothing(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        for write in (add, save, remove):
            await write(storage)

        assert await snapshot(storage) == expected_snapshot(task)
