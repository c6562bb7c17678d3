from datetime import timedelta
from typing import Final

import pytest
from uuid_utils.compat import uuid7

from application.platform.paging import Position, Slice, Window
from application.storage import Storage
from domain.errors import TaskNotFound
from domain.identity.user import UserId
from domain.tasks.history import ChangeId, TaskChange
from domain.tasks.task import Task
from tests.contracts.given import StorageSuite, add, remove, remove_user_in
from tests.support.builders import ANN, BEN, NOW, a_task, tags

MANY: Final = 1000


def versions_of(task: Task, count: int) -> list[TaskChange]:
    """Return the changes of its creation and of edits of its title, tags and description."""
    changes = [TaskChange.creation(task, id=ChangeId(uuid7()), actor_id=task.owner_id)]
    for n in range(1, count):
        description = "" if task.description is None else None
        at = NOW + timedelta(seconds=n)
        edited = task.edit(at=at, title=f'"{n}" ü', tags=tags(f"{n}"), description=description)
        changes.append(TaskChange.update(task, edited, id=ChangeId(uuid7()), actor_id=task.owner_id))
        task = edited
    return changes


async def record(storage: Storage, *changes: TaskChange) -> None:
    async with storage.unit_of_work() as uow:
        await uow.history.add(*changes)
        await uow.commit()


async def history(storage: Storage, task: Task, owner_id: UserId = ANN) -> Slice[TaskChange]:
    async with storage.unit_of_work() as uow:
        return await uow.history.of_task(task.id, Window(limit=MANY, is_counted=True), owner_id=owner_id)


async def all_of(storage: Storage, owner_id: UserId) -> list[TaskChange]:
    async with storage.unit_of_work() as uow:
        return await uow.history.of_owner(owner_id, limit=MANY)


class HistoryContract(StorageSuite):
    async def test_changes_are_returned_unchanged_newest_first(self, storage: Storage) -> None:
        task = a_task(description="Daily")
        await add(storage, task, a_task())
        first, second, third = changes = versions_of(task, 3)
        await record(storage, *changes)

        assert await history(storage, task) == Slice([third, second, first], 3)
        assert await history(storage, task, BEN) == Slice([], 0)

    async def test_changes_are_returned_in_windows(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        newest_first = versions_of(task, 5)[::-1]
        await record(storage, *newest_first)
        async with storage.unit_of_work() as uow:
            skipped = await uow.history.of_task(task.id, Window(limit=2, skip=1), owner_id=ANN)
            place = Position(newest_first[1].version, newest_first[1].id)
            rest = await uow.history.of_task(
                task.id, Window(limit=2, skip=9, after=place, is_counted=True), owner_id=ANN
            )

        assert skipped == Slice(newest_first[1:3], None)
        assert rest == Slice(newest_first[2:4], 5)

    async def test_changes_of_an_owner_are_sorted_by_task_and_version(self, storage: Storage) -> None:
        one, two, bens = a_task(), a_task(), a_task(owner_id=BEN)
        await add(storage, two, one, bens)
        ordered = [change for task in sorted((one, two), key=lambda task: task.id) for change in versions_of(task, 2)]
        await record(storage, *ordered[::-1], *versions_of(bens, 1))

        assert await all_of(storage, ANN) == ordered
        async with storage.unit_of_work() as uow:
            assert await uow.history.of_owner(ANN, limit=2, after=ordered[0]) == ordered[1:3]

    async def test_a_change_of_an_unknown_task_is_refused(self, storage: Storage) -> None:
        task = a_task(owner_id=BEN)
        await add(storage, task)
        for stranger in (a_task(), a_task(id=task.id)):
            with pytest.raises(TaskNotFound):
                await record(storage, *versions_of(stranger, 1))
        assert await all_of(storage, ANN) == []

    async def test_an_uncommitted_change_is_not_stored(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        async with storage.unit_of_work() as uow:
            await uow.history.add(*versions_of(task, 1))
            assert (await uow.history.of_task(task.id, Window(limit=9), owner_id=ANN)).items != []
        assert await all_of(storage, ANN) == []

    async def test_removing_a_task_removes_its_history(self, storage: Storage) -> None:
        removed, other, kept = a_task(), a_task(), a_task()
        await add(storage, removed, other, kept)
        for task in (removed, other, kept):
            await record(storage, *versions_of(task, 2))
        await remove(storage, removed, other)

        assert {change.task_id for change in await all_of(storage, ANN)} == {kept.id}

    async def test_removing_a_user_removes_the_history_of_their_tasks(self, storage: Storage) -> None:
        mine, bens = a_task(), a_task(owner_id=BEN)
        await add(storage, mine, bens)
        await record(storage, *versions_of(mine, 2), *versions_of(bens, 2))
        async with storage.unit_of_work() as uow:
            await remove_user_in(uow, await uow.users.get(ANN))
            await uow.commit()

        assert await all_of(storage, ANN) == []
        assert len(await all_of(storage, BEN)) == 2
