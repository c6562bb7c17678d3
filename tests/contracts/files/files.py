import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from application.files.ports import FileSlice
from application.platform.paging import Position
from application.storage import Storage
from application.tasks.tasks import CreateTask
from domain.errors import FileNotFound, QuotaExceeded, TaskNotFound, UserNotFound
from domain.files.file import File, FileFilter, NewestFirst, require_room
from domain.identity.user import UserId
from domain.tasks.task import TaskId
from tests.contracts.given import MANY, StorageSuite, persistently, register
from tests.contracts.given import add as add_tasks
from tests.contracts.given import remove as remove_tasks
from tests.contracts.state_machine.assortment import MICROSECOND
from tests.support.builders import ANN, BEN, NOW, a_file, a_task, a_user, acting, new_task_id, new_user_id, tags
from tests.support.contents import Sent
from tests.support.stubs import SettableClock
from tests.support.world import World

ALL = FileFilter()


async def add(storage: Storage, *files: File) -> None:
    async with storage.unit_of_work() as uow:
        for file in files:
            await uow.files.add(file)
        await uow.commit()


async def remove(storage: Storage, *files: File) -> None:
    async with storage.unit_of_work() as uow:
        for file in files:
            await uow.files.remove(file)
        await uow.commit()


async def find(storage: Storage, filter: FileFilter = ALL, owner_id: UserId = ANN) -> list[File]:
    async with storage.unit_of_work() as uow:
        found = await uow.files.find(filter, owner_id=owner_id, limit=MANY, count=True)
        assert found.total == len(found.files)
        assert await uow.files.used_bytes(owner_id=owner_id) == sum(
            file.size for file in (await uow.files.find(ALL, owner_id=owner_id, limit=MANY)).files
        )
    return found.files


async def of_tasks(storage: Storage, *task_ids: TaskId, owner_id: UserId = ANN) -> set[File]:
    async with storage.unit_of_work() as uow:
        found = await uow.files.of_tasks(task_ids, owner_id=owner_id)
    assert found == sorted(found, key=lambda file: file.id)
    return set(found)


class FileContract(StorageSuite):
    async def test_a_file_comes_back_as_it_was(self, storage: Storage) -> None:
        task = a_task()
        await add_tasks(storage, task)
        for file in (a_file(), a_file(task_id=task.id, size=2**40, filename="\u00e9\U0001f600.txt", sha256="ff" * 32)):
            await add(storage, file)
            async with storage.unit_of_work() as uow:
                assert await uow.files.get(file.id, owner_id=ANN) == file

    async def test_a_file_of_another_is_not_there(self, storage: Storage) -> None:
        file = a_file()
        await add(storage, file)
        with pytest.raises(FileNotFound):
            async with storage.unit_of_work() as uow:
                await uow.files.get(file.id, owner_id=BEN)
        with pytest.raises(FileNotFound):
            await remove(storage, replace(file, owner_id=BEN))

        assert await find(storage, owner_id=BEN) == []
        assert await find(storage) == [file]

    async def test_there_is_none_without_its_owner_nor_without_its_task(self, storage: Storage) -> None:
        bens = a_task(owner_id=BEN)
        await add_tasks(storage, bens)
        with pytest.raises(UserNotFound):
            await add(storage, a_file(owner_id=new_user_id()))
        for task_id in (new_task_id(), bens.id):
            with pytest.raises(TaskNotFound) as refused:
                await add(storage, a_file(task_id=task_id))
            assert refused.value.task_ids == (task_id,)

        assert await find(storage) == []

    async def test_what_was_removed_is_gone(self, storage: Storage) -> None:
        gone, kept = a_file(), a_file()
        await add(storage, gone, kept)
        await remove(storage, gone)
        with pytest.raises(FileNotFound):
            await remove(storage, gone)

        assert await find(storage) == [kept]

    async def test_they_are_found_newest_first_those_of_one_instant_by_id(self, storage: Storage) -> None:
        files = [a_file(created_at=NOW + n * MICROSECOND) for n in (1, 0, 2, 1, -1, 1)]
        await add(storage, *files)

        assert await find(storage) == sorted(files, key=lambda file: (file.created_at, file.id), reverse=True)

    async def test_a_page_begins_after_some_rows_or_after_a_place(self, storage: Storage) -> None:
        await add(storage, *(a_file(created_at=NOW + timedelta(seconds=n // 2)) for n in range(7)))
        every = await find(storage)
        async with storage.unit_of_work() as uow:
            for at in range(8):
                skipped = await uow.files.find(ALL, owner_id=ANN, limit=3, skip=at, count=True)
                assert skipped == FileSlice(every[at : at + 3], 7)
            for at, file in enumerate(every, start=1):
                place = Position(NewestFirst().key(file), file.id)
                assert await uow.files.find(ALL, owner_id=ANN, limit=3, skip=5, after=place) == FileSlice(
                    every[at : at + 3], None
                )

    async def test_those_of_a_task_are_found(self, storage: Storage) -> None:
        one, other, bens = a_task(), a_task(), a_task(owner_id=BEN)
        await add_tasks(storage, one, other, bens)
        of_one, of_other = [a_file(task_id=one.id) for _ in range(2)], a_file(task_id=other.id)
        await add(storage, *of_one, of_other, a_file(), a_file(owner_id=BEN, task_id=bens.id))

        assert set(await find(storage, FileFilter(one.id))) == set(of_one)
        assert await find(storage, FileFilter(bens.id)) == await find(storage, FileFilter(new_task_id())) == []
        assert await of_tasks(storage, one.id, other.id, bens.id) == {*of_one, of_other}
        assert await of_tasks(storage) == set()

    async def test_a_task_takes_its_files_along(self, storage: Storage) -> None:
        tasks = [a_task() for _ in range(3)]
        await add_tasks(storage, *tasks)
        files = [a_file(task_id=task.id) for task in tasks]
        await add(storage, *files, loose := a_file())
        await remove_tasks(storage, *tasks[:2])

        assert set(await find(storage)) == {files[2], loose}

    async def test_a_user_takes_them_along(self, storage: Storage) -> None:
        kim, task = a_user(), a_task()
        await register(storage, kim)
        await add_tasks(storage, task, of_kim := a_task(owner_id=kim.id))
        await add(storage, kept := a_file(task_id=task.id))
        await add(storage, a_file(owner_id=kim.id), a_file(owner_id=kim.id, task_id=of_kim.id))
        async with storage.unit_of_work() as uow:
            await uow.users.remove(kim)
            await uow.commit()

        assert await find(storage, owner_id=kim.id) == []
        assert await find(storage) == [kept]

    async def test_what_is_not_committed_stays_as_it_was(self, storage: Storage) -> None:
        task = a_task()
        await add_tasks(storage, task)
        await add(storage, file := a_file(task_id=task.id))
        async with storage.unit_of_work() as uow:
            await uow.files.add(a_file())
            await uow.tasks.remove(task)
            assert await uow.files.used_bytes(owner_id=ANN) == a_file().size

        assert await find(storage) == [file]

    async def test_it_is_told_which_of_them_there_are(self, storage: Storage) -> None:
        mine, bens = [a_file() for _ in range(3)], a_file(owner_id=BEN)
        await add(storage, *mine, bens)
        async with storage.unit_of_work() as uow:
            asked = [mine[0].id, mine[2].id, bens.id, a_file().id]
            assert await uow.files.existing(asked, owner_id=ANN) == {mine[0].id, mine[2].id}
            assert await uow.files.existing([], owner_id=ANN) == set()

    async def test_of_files_added_at_once_no_more_are_stored_than_there_is_room_for(self, storage: Storage) -> None:
        size = a_file().size

        async def add_one() -> None:
            async with storage.unit_of_work() as uow:
                require_room(await uow.files.used_bytes(owner_id=ANN, lock=True), size, 5 * size)
                await uow.files.add(a_file())
                await uow.commit()

        outcomes = await asyncio.gather(*(persistently(add_one) for _ in range(20)), return_exceptions=True)

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] * 5 + ["QuotaExceeded"] * 15
        assert {type(outcome) for outcome in outcomes} == {type(None), QuotaExceeded}
        assert len(await find(storage)) == 5

    async def test_there_is_no_room_for_whom_there_is_not(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            assert await uow.files.used_bytes(owner_id=ANN, lock=True) == 0
        with pytest.raises(UserNotFound):
            async with storage.unit_of_work() as uow:
                await uow.files.used_bytes(owner_id=new_user_id(), lock=True)

    async def test_files_for_a_task_and_changes_of_it_do_not_stand_in_each_others_way(self, storage: Storage) -> None:
        world = World(storage, SettableClock(), quota=100_000)
        task = await world.tasks.create(acting(ANN), CreateTask(title="Water the plants"))
        for n in range(10):
            uploads = (world.files.upload(acting(ANN), Sent(task_id=task.id)) for _ in range(3))
            added = (world.tasks.add_tags(acting(ANN), task.id, tags(f"{n}-{m}")) for m in range(2))
            await asyncio.gather(*uploads, *added)
            task = await world.tasks.edit(acting(ANN), task.id, tags=())

        assert len(await find(storage, FileFilter(task.id))) == 30

    async def test_a_file_and_the_removal_of_its_task_at_once_leave_both_or_none(self, storage: Storage) -> None:
        tasks = [a_task() for _ in range(10)]
        await add_tasks(storage, *tasks)

        outcomes = await asyncio.gather(
            *(persistently(partial(add, storage, a_file(task_id=task.id))) for task in tasks),
            *(persistently(partial(remove_tasks, storage, task)) for task in tasks),
            return_exceptions=True,
        )

        assert {type(outcome) for outcome in outcomes} <= {type(None), TaskNotFound}
        assert outcomes[10:] == [None] * 10
        assert await find(storage) == []
