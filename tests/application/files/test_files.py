import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import repeat
from typing import Final

import pytest

from adapters.memory.files.store import InMemoryFileStore
from adapters.memory.storage import InMemoryStorage
from application.files.files import FileService, ListFiles
from application.files.jobs import MIN_AGE, SWEEP_FILES, FileJobs
from application.files.keys import key_of
from application.files.ports import FileStoreUnavailable, StoredObject
from application.jobs.ports import Job, JobId
from application.platform.paging import Paging
from application.platform.unit_of_work import StorageUnavailable, TransientStorageError
from application.tasks.tasks import CreateTask
from domain.errors import (
    EmptyFile,
    FileNotFound,
    FileTooLarge,
    InvalidFilename,
    QuotaExceeded,
    TaskNotFound,
    UnsupportedFileType,
    UserNotFound,
)
from domain.files.file import File, FileFilter, FileId
from domain.identity.user import Role
from tests.application.faults import FaultyStorage
from tests.application.given import PASSWORD, an_actor
from tests.support.builders import ANN, BEN, acting, new_task_id
from tests.support.contents import BAD, GOOD, TEXT, TYPES, Sent
from tests.support.stubs import CountedIds, SettableClock
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("ann_and_ben")

A_SWEEP: Final = Job(id=JobId(new_task_id()), kind=SWEEP_FILES, run_at=SettableClock().now())


def new_file_id() -> FileId:
    return FileId(new_task_id())


async def objects(world: World) -> list[StoredObject]:
    return [found async for found in world.store.list()]


async def everything(world: World) -> list[File]:
    return (await world.files.list(acting(ANN), ListFiles())).items


async def sweep(world: World) -> None:
    await FileJobs(world.storage.unit_of_work, world.store, world.clock).sweep(A_SWEEP)


@pytest.mark.parametrize("filename", GOOD)
async def test_what_is_uploaded_can_be_read_again(world: World, filename: str) -> None:
    content = GOOD[filename]
    world = World(world.storage, world.clock, quota=100_000)
    made = await world.files.upload(acting(ANN), Sent(f"some/where/{filename}", content))

    assert await world.files.get(acting(ANN), made.id) == made
    assert (made.filename, made.size, made.sha256) == (filename, len(content), sha256(content).hexdigest())
    assert made.content_type == TYPES[filename.rpartition(".")[2].lower()]
    assert made.created_at == world.clock.now()
    read = [piece async for piece in await world.files.read(made, 3, len(content))]
    assert b"".join(read) == content[3:]


async def test_it_may_belong_to_a_task_that_is_told_before_or_after(world: World) -> None:
    task = await world.tasks.create(acting(ANN), CreateTask(title="Water the plants"))
    first = await world.files.upload(acting(ANN), Sent(task_id=task.id))
    last = await world.files.upload(acting(ANN), Sent(belongs_to=task.id))
    loose = await world.files.upload(acting(ANN), Sent())

    assert (first.task_id, last.task_id, loose.task_id) == (task.id, task.id, None)
    listed = await world.files.list(acting(ANN), ListFiles(filter=FileFilter(task.id)))
    assert listed.items == [last, first]
    assert await everything(world) == [loose, last, first]


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (Sent(content=b""), EmptyFile),
        (Sent(content=b"x" * 6_000_000), FileTooLarge),
        (Sent(belongs_to=new_task_id()), TaskNotFound),
        (Sent(content=b"x" * 1001), QuotaExceeded),
        (Sent(error=ZeroDivisionError()), ZeroDivisionError),
        (Sent(error=asyncio.CancelledError()), asyncio.CancelledError),
        *((Sent(*bad), UnsupportedFileType) for bad in BAD[:3]),
    ],
)
async def test_of_what_is_refused_nothing_is_left(world: World, sent: Sent, error: type[BaseException]) -> None:
    with pytest.raises(error):
        await world.files.upload(acting(ANN), sent)

    assert await objects(world) == []
    assert await everything(world) == []


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (Sent("x.exe"), UnsupportedFileType),
        (Sent("/"), InvalidFilename),
        (Sent(task_id=new_task_id()), TaskNotFound),
    ],
)
async def test_what_can_be_refused_before_is_not_read(world: World, sent: Sent, error: type[Exception]) -> None:
    with pytest.raises(error):
        await world.files.upload(acting(ANN), sent)

    assert not sent.is_read


async def test_nor_is_anything_once_the_quota_is_used_up(world: World) -> None:
    await world.files.upload(acting(ANN), Sent(content=b"x" * 1000))
    with pytest.raises(QuotaExceeded):
        await world.files.upload(acting(ANN), sent := Sent(content=b"x"))
    assert not sent.is_read

    await world.files.upload(acting(BEN), Sent(content=b"x" * 1000))
    await world.files.delete(acting(ANN), (await everything(world))[0].id)
    await world.files.upload(acting(ANN), Sent(content=b"x" * 1000))


async def test_of_uploads_at_once_no_more_are_kept_than_there_is_room_for(world: World) -> None:
    uploads = [world.files.upload(acting(ANN), Sent(content=b"x" * 300)) for _ in range(10)]
    outcomes = await asyncio.gather(*uploads, return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["File"] * 3 + ["QuotaExceeded"] * 7
    assert len(await objects(world)) == len(await everything(world)) == 3


async def test_somebody_elses_task_is_not_there(world: World) -> None:
    task = await world.tasks.create(acting(BEN), CreateTask(title="Ben's"))
    for sent in (Sent(task_id=task.id), Sent(belongs_to=task.id)):
        with pytest.raises(TaskNotFound):
            await world.files.upload(acting(ANN), sent)


async def test_somebody_elses_file_is_not_there_but_for_who_reads_everybody(world: World) -> None:
    mia, made = await an_actor(world, "mia", Role.MANAGER), await world.files.upload(acting(ANN), Sent())
    for asking in (world.files.get(acting(BEN), made.id), world.files.delete(acting(BEN), made.id)):
        with pytest.raises(FileNotFound):
            await asking
    with pytest.raises(FileNotFound):
        await world.files.get(mia, made.id)
    with pytest.raises(UserNotFound):
        await world.files.list(acting(BEN), ListFiles(), owner_id=ANN)

    assert await world.files.get(mia, made.id, owner_id=ANN) == made
    assert (await world.files.list(mia, ListFiles(), owner_id=ANN)).items == [made]
    with pytest.raises(FileNotFound):
        await world.files.delete(mia, made.id)


async def test_a_list_goes_on_where_it_ended(world: World) -> None:
    made = [await world.files.upload(acting(ANN), Sent()) for _ in range(5)]
    pages: list[list[File]] = []
    cursor: str | None = None
    while not pages or cursor:
        page = await world.files.list(acting(ANN), ListFiles(paging=Paging(limit=2, cursor=cursor)))
        cursor = page.next_cursor
        pages.append(page.items)

    assert [file for page in pages for file in page] == made[::-1]


class TestRemoving:
    async def test_the_bytes_go_after_the_file(self, world: World) -> None:
        gone, kept = [await world.files.upload(acting(ANN), Sent()) for _ in range(2)]
        await world.files.delete(acting(ANN), gone.id)
        with pytest.raises(FileNotFound):
            await world.files.delete(acting(ANN), gone.id)
        await world.work()

        assert [found.key for found in await objects(world)] == [key_of(ANN, kept.id)]
        with pytest.raises(FileNotFound):
            await world.files.read(gone, 0, 1)

    async def test_they_go_with_their_tasks(self, world: World) -> None:
        tasks = [await world.tasks.create(acting(ANN), CreateTask(title="x")) for _ in range(4)]
        files = [await world.files.upload(acting(ANN), Sent(task_id=task.id)) for task in tasks]
        await world.tasks.delete(acting(ANN), tasks[0].id)
        await world.batches.delete(acting(ANN), [tasks[1].id, tasks[2].id])
        await world.work()

        assert await everything(world) == files[3:]
        assert [found.key for found in await objects(world)] == [key_of(ANN, files[3].id)]

    async def test_they_go_with_their_owner(self, world: World) -> None:
        kim = await an_actor(world, "kim")
        await world.files.upload(kim, Sent())
        kept = await world.files.upload(acting(ANN), Sent())
        await world.accounts.erase(kim.user_id, PASSWORD)
        await world.work()

        assert [found.key for found in await objects(world)] == [key_of(ANN, kept.id)]


class TestCrashes:
    """Whatever is cut off at whatever place: a file is there as a whole or not at all, and the sweep takes the rest."""

    @pytest.mark.parametrize("has_committed", [True, False])
    async def test_a_commit_whose_outcome_is_unknown_keeps_the_bytes_of_what_may_be_there(
        self, world: World, has_committed: bool
    ) -> None:
        faults: Iterator[Exception | None] = repeat(StorageUnavailable())
        files = self.over(world, FaultyStorage(world.storage, faults, has_committed=has_committed))
        with pytest.raises(StorageUnavailable):
            await files.upload(acting(ANN), Sent())

        there = await everything(world)
        assert len(there) == has_committed
        assert len(await objects(world)) == 1
        await self.hours_later_all_is_in_order(world, there)

    async def test_a_lost_race_is_run_again_without_the_bytes(self, world: World) -> None:
        faults = iter([TransientStorageError(), TransientStorageError(), None])
        files = self.over(world, FaultyStorage(world.storage, faults, has_committed=False))
        made = await files.upload(acting(ANN), Sent())

        await self.hours_later_all_is_in_order(world, [made])

    async def test_an_upload_cancelled_between_its_bytes_and_its_row_is_no_file(self, world: World) -> None:
        class Cancelling(InMemoryFileStore):
            async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
                await super().put(key, chunks)
                raise asyncio.CancelledError

        world = World(world.storage, world.clock, 1 << 20, store=Cancelling())
        with pytest.raises(asyncio.CancelledError):
            await world.files.upload(acting(ANN), Sent())

        assert len(await objects(world)) == 1
        await self.hours_later_all_is_in_order(world, [])

    async def test_a_refused_file_whose_bytes_can_not_be_removed_is_swept(self, world: World) -> None:
        class Stubborn(InMemoryFileStore):
            is_stubborn = True

            async def remove(self, *keys: str) -> None:
                if self.is_stubborn:
                    raise FileStoreUnavailable
                await super().remove(*keys)

        store = Stubborn()
        world = World(world.storage, world.clock, 1 << 20, store=store)
        with pytest.raises(TaskNotFound):
            await world.files.upload(acting(ANN), Sent(belongs_to=new_task_id()))
        assert len(await objects(world)) == 1
        store.is_stubborn = False
        await self.hours_later_all_is_in_order(world, [])

    async def test_bytes_that_were_not_removed_with_their_file_are_removed_later(self, world: World) -> None:
        made = await world.files.upload(acting(ANN), Sent())
        async with world.storage.unit_of_work() as uow:
            await uow.files.remove(made)
            await uow.commit()

        await self.hours_later_all_is_in_order(world, [])

    async def test_the_sweep_leaves_what_is_young_and_what_is_not_ours(self, world: World) -> None:
        young, half = key_of(ANN, (await world.files.upload(acting(ANN), Sent())).id), f"{key_of(BEN, new_file_id())}.1"
        strange = ("README", "some/thing", f"{ANN}/notes.txt")
        for key in (half, *strange, key_of(BEN, new_file_id())):
            await world.store.put(key, Sent().chunks())
        await sweep(world)
        assert len(await objects(world)) == 6

        world.clock.time = max(found.modified_at for found in await objects(world)) + MIN_AGE + timedelta(seconds=1)
        await sweep(world)
        assert {found.key for found in await objects(world)} == {young, *strange}

    def over(self, world: World, storage: FaultyStorage) -> FileService:
        return FileService(storage.unit_of_work, world.store, world.clock, CountedIds(1 << 30), 1000)

    async def hours_later_all_is_in_order(self, world: World, there: list[File]) -> None:
        world.clock.time = max(found.modified_at for found in await objects(world)) + MIN_AGE + timedelta(seconds=1)
        await sweep(world)

        assert await everything(world) == there
        assert {found.key for found in await objects(world)} == {key_of(ANN, file.id) for file in there}
        for file in there:
            assert b"".join([piece async for piece in await world.files.read(file, 0, file.size)]) == TEXT


class TestManyOrphans:
    async def test_thousands_are_swept(self, storage: InMemoryStorage, world: World) -> None:
        for _ in range(1200):
            await world.store.put(key_of(ANN, new_file_id()), Sent().chunks())
        world.clock.time = (await objects(world))[-1].modified_at + 2 * MIN_AGE
        await sweep(world)

        assert await objects(world) == []
