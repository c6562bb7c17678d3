import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from application.files.ports import FileStoreId
from application.platform.paging import Position, Slice, Window
from application.storage import Storage
from application.tasks.tasks import CreateTask
from domain.errors import FileNotFound, QuotaExceeded, TaskNotFound, UserNotFound
from domain.files.file import File, FileFilter, NewestFirst, require_quota, whole_blocks
from domain.identity.user import UserId
from domain.tasks.task import TaskId
from tests.contracts.given import MANY, StorageSuite, register, remove_in, remove_user_in, retry
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
        page = await uow.files.find(filter, Window(limit=MANY, is_counted=True), owner_id=owner_id)
        assert page.total == len(page.items)
        assert await uow.files.used_bytes(owner_id=owner_id) == sum(
            whole_blocks(file.size) for file in (await uow.files.find(ALL, Window(limit=MANY), owner_id=owner_id)).items
        )
    return page.items


async def find_of_tasks(storage: Storage, *task_ids: TaskId, owner_id: UserId = ANN) -> set[File]:
    async with storage.unit_of_work() as uow:
        attached = await uow.files.find_of_tasks(task_ids, owner_id=owner_id)
    assert attached == sorted(attached, key=lambda file: file.id)
    return set(attached)


class FileContract(StorageSuite):
    async def test_one_id_of_the_file_store_is_kept(self, storage: Storage) -> None:
        async def add_id() -> None:
            async with storage.unit_of_work() as uow:
                await uow.file_store_id.add(FileStoreId(uuid4()))
                await uow.commit()

        async def find_id() -> FileStoreId | None:
            async with storage.unit_of_work() as uow:
                return await uow.file_store_id.find()

        assert await find_id() is None
        await asyncio.gather(*(add_id() for _ in range(5)))
        kept = await find_id()
        await add_id()
        assert kept is not None
        assert await find_id() == kept

    async def test_an_added_file_is_returned(self, storage: Storage) -> None:
        task = a_task()
        await add_tasks(storage, task)
        unusual = a_file(task_id=task.id, charset=None, size=2**40, filename="\u00e9\U0001f600.txt", sha256="ff" * 32)
        for file in (a_file(), unusual):
            await add(storage, file)
            async with storage.unit_of_work() as uow:
                assert await uow.files.get(file.id, owner_id=ANN) == file

    async def test_a_file_of_another_owner_is_not_found(self, storage: Storage) -> None:
        file = a_file()
        await add(storage, file)
        with pytest.raises(FileNotFound) as refusal:
            async with storage.unit_of_work() as uow:
                await uow.files.get(file.id, owner_id=BEN)
        assert refusal.value.ids == (file.id,)
        with pytest.raises(FileNotFound):
            await remove(storage, replace(file, owner_id=BEN))

        assert await find(storage, owner_id=BEN) == []
        assert await find(storage) == [file]

    async def test_a_file_requires_its_owner_and_its_task(self, storage: Storage) -> None:
        bens = a_task(owner_id=BEN)
        await add_tasks(storage, bens)
        with pytest.raises(UserNotFound):
            await add(storage, a_file(owner_id=new_user_id()))
        for task_id in (new_task_id(), bens.id):
            with pytest.raises(TaskNotFound) as refusal:
                await add(storage, a_file(task_id=task_id))
            assert refusal.value.ids == (task_id,)

        assert await find(storage) == []

    async def test_a_removed_file_is_not_found(self, storage: Storage) -> None:
        removed, kept = a_file(), a_file()
        await add(storage, removed, kept)
        await remove(storage, removed)
        with pytest.raises(FileNotFound):
            await remove(storage, removed)

        assert await find(storage) == [kept]

    async def test_files_are_sorted_newest_first_and_by_id(self, storage: Storage) -> None:
        files = [a_file(created_at=NOW + n * MICROSECOND) for n in (1, 0, 2, 1, -1, 1)]
        await add(storage, *files)

        assert await find(storage) == sorted(files, key=lambda file: (file.created_at, file.id), reverse=True)

    async def test_a_window_starts_after_skipped_rows_or_after_a_position(self, storage: Storage) -> None:
        await add(storage, *(a_file(created_at=NOW + timedelta(seconds=n // 2)) for n in range(7)))
        every = await find(storage)
        async with storage.unit_of_work() as uow:
            for at in range(8):
                skipped = await uow.files.find(ALL, Window(limit=3, skip=at, is_counted=True), owner_id=ANN)
                assert skipped == Slice(every[at : at + 3], 7)
            for at, file in enumerate(every, start=1):
                place = Position(NewestFirst().key(file), file.id)
                assert await uow.files.find(ALL, Window(limit=3, skip=5, after=place), owner_id=ANN) == Slice(
                    every[at : at + 3], None
                )

    async def test_files_of_tasks_are_found(self, storage: Storage) -> None:
        one, other, bens = a_task(), a_task(), a_task(owner_id=BEN)
        await add_tasks(storage, one, other, bens)
        of_one, of_other = [a_file(task_id=one.id) for _ in range(2)], a_file(task_id=other.id)
        await add(storage, *of_one, of_other, a_file(), a_file(owner_id=BEN, task_id=bens.id))

        assert set(await find(storage, FileFilter(one.id))) == set(of_one)
        assert await find(storage, FileFilter(bens.id)) == await find(storage, FileFilter(new_task_id())) == []
        assert await find_of_tasks(storage, one.id, other.id, bens.id) == {*of_one, of_other}
        assert await find_of_tasks(storage) == set()

    async def test_removing_a_task_removes_its_files(self, storage: Storage) -> None:
        tasks = [a_task() for _ in range(3)]
        await add_tasks(storage, *tasks)
        files = [a_file(task_id=task.id) for task in tasks]
        await add(storage, *files, unattached := a_file())
        await remove_tasks(storage, *tasks[:2])

        assert set(await find(storage)) == {files[2], unattached}

    async def test_removing_a_user_removes_their_files(self, storage: Storage) -> None:
        kim, task = a_user(), a_task()
        await register(storage, kim)
        await add_tasks(storage, task, of_kim := a_task(owner_id=kim.id))
        await add(storage, kept := a_file(task_id=task.id))
        await add(storage, a_file(owner_id=kim.id), a_file(owner_id=kim.id, task_id=of_kim.id))
        async with storage.unit_of_work() as uow:
            await remove_user_in(uow, kim)
            await uow.commit()

        assert await find(storage, owner_id=kim.id) == []
        assert await find(storage) == [kept]

    async def test_uncommitted_file_changes_are_rolled_back(self, storage: Storage) -> None:
        task = a_task()
        await add_tasks(storage, task)
        await add(storage, file := a_file(task_id=task.id))
        async with storage.unit_of_work() as uow:
            await uow.files.add(a_file())
            await remove_in(uow, task)
            assert await uow.files.used_bytes(owner_id=ANN) == whole_blocks(a_file().size)

        assert await find(storage) == [file]

    async def test_existing_returns_the_ids_that_exist(self, storage: Storage) -> None:
        mine, bens = [a_file() for _ in range(3)], a_file(owner_id=BEN)
        await add(storage, *mine, bens)
        async with storage.unit_of_work() as uow:
            asked = [mine[0].id, mine[2].id, bens.id, a_file().id]
            assert await uow.files.find_existing(asked, owner_id=ANN) == {mine[0].id, mine[2].id}
            assert await uow.files.find_existing([], owner_id=ANN) == set()

    async def test_concurrent_additions_do_not_exceed_the_quota(self, storage: Storage) -> None:
        size, quota = a_file().size, 5 * whole_blocks(a_file().size)

        async def add_one() -> None:
            async with storage.unit_of_work() as uow:
                require_quota(await uow.files.used_bytes(owner_id=ANN, lock=True), size, quota)
                await uow.files.add(a_file())
                await uow.commit()

        outcomes = await asyncio.gather(*(retry(add_one) for _ in range(20)), return_exceptions=True)

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] * 5 + ["QuotaExceeded"] * 15
        assert {type(outcome) for outcome in outcomes} == {type(None), QuotaExceeded}
        assert len(await find(storage)) == 5

    async def test_each_file_takes_whole_blocks(self, storage: Storage) -> None:
        sizes = {1: 4096, 4095: 4096, 4096: 4096, 4097: 8192, 5 * 1024 * 1024: 5 * 1024 * 1024}
        for size, used in sizes.items():
            await add(storage, file := a_file(size=size), *(a_file(size=1) for _ in range(3)))
            async with storage.unit_of_work() as uow:
                assert await uow.files.used_bytes(owner_id=ANN) == used + 3 * 4096
            await remove(storage, *await find(storage))
            assert file.size == size

    async def test_used_bytes_of_an_unknown_user_cannot_be_locked(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            assert await uow.files.used_bytes(owner_id=ANN, lock=True) == 0
        with pytest.raises(UserNotFound):
            async with storage.unit_of_work() as uow:
                await uow.files.used_bytes(owner_id=new_user_id(), lock=True)

    async def test_adding_files_and_editing_their_task_do_not_deadlock(self, storage: Storage) -> None:
        world = World(storage, SettableClock())
        task = await world.tasks.create(acting(ANN), CreateTask(title="Water the plants"))
        for n in range(10):
            uploads = (world.files.upload(acting(ANN), Sent(task_id=task.id)) for _ in range(3))
            added = (world.tasks.add_tags(acting(ANN), task.id, tags(f"{n}-{m}")) for m in range(2))
            await asyncio.gather(*uploads, *added)
            task = await world.tasks.edit(acting(ANN), task.id, tags=())

        assert len(await find(storage, FileFilter(task.id))) == 30

    async def test_adding_a_file_while_its_task_is_removed_leaves_no_orphan(self, storage: Storage) -> None:
        tasks = [a_task() for _ in range(10)]
        await add_tasks(storage, *tasks)

        outcomes = await asyncio.gather(
            *(retry(partial(add, storage, a_file(task_id=task.id))) for task in tasks),
            *(retry(partial(remove_tasks, storage, task)) for task in tasks),
            return_exceptions=True,
        )

        assert {type(outcome) for outcome in outcomes} <= {type(None), TaskNotFound}
        assert outcomes[10:] == [None] * 10
        assert await find(storage) == []
