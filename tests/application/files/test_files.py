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
from application.files.keys import file_key
from application.files.ports import FileStoreUnavailable, StoredObject
from application.jobs.ports import Job, JobId
from application.platform.paging import Paging
from application.platform.unit_of_work import StorageUnavailable, TransientStorageError
from application.tasks.tasks import CreateTask
from domain.errors import (
    EmptyFile,
    FileNotFound,
    FileTooLarge,
    QuotaExceeded,
    TaskNotFound,
    UnsupportedFileType,
    UserNotFound,
)
from domain.files.file import File, FileFilter, FileId
from domain.identity.user import Role
from tests.application.faults import FaultyStorage
from tests.support.accounts import PASSWORD, an_actor
from tests.support.builders import ANN, BEN, acting, new_task_id
from tests.support.contents import BAD, GOOD, TEXT, TYPES, Sent
from tests.support.errors import raises_invalid
from tests.support.stubs import CountedIds
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("ann_and_ben")

A_SWEEP: Final = Job(id=JobId(new_task_id()), kind=SWEEP_FILES)


def new_file_id() -> FileId:
    return FileId(new_task_id())


async def objects(world: World) -> list[StoredObject]:
    return [stored async for stored in world.store.list()]


async def list_files(world: World) -> list[File]:
    return (await world.files.list(acting(ANN), ListFiles())).items


async def sweep(world: World) -> None:
    identity = world.services.file_store_identity
    await FileJobs(world.storage.unit_of_work, world.store, identity, world.clock).sweep(A_SWEEP)


@pytest.mark.parametrize("filename", GOOD)
async def test_an_uploaded_file_can_be_read(world: World, filename: str) -> None:
    content = GOOD[filename]
    file = await world.files.upload(acting(ANN), Sent(f"some/where/{filename}", content))

    assert await world.files.get(acting(ANN), file.id) == file
    assert (file.filename, file.size, file.sha256) == (filename, len(content), sha256(content).hexdigest())
    assert file.content_type == TYPES[filename.rpartition(".")[2].lower()]
    assert file.created_at == world.clock.now()
    read = [chunk async for chunk in await (await world.files.open(acting(ANN), file.id)).read(3, len(content))]
    assert b"".join(read) == content[3:]


async def test_the_task_id_may_arrive_before_or_after_the_content(world: World) -> None:
    task = await world.tasks.create(acting(ANN), CreateTask(title="Water the plants"))
    first = await world.files.upload(acting(ANN), Sent(task_id=task.id))
    last = await world.files.upload(acting(ANN), Sent(belongs_to=task.id))
    unattached = await world.files.upload(acting(ANN), Sent())

    assert (first.task_id, last.task_id, unattached.task_id) == (task.id, task.id, None)
    listed = await world.files.list(acting(ANN), ListFiles(filter=FileFilter(task.id)))
    assert listed.items == [last, first]
    assert await list_files(world) == [unattached, last, first]


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (Sent(content=b""), EmptyFile),
        (Sent(content=b"x" * 6_000_000), FileTooLarge),
        (Sent(belongs_to=new_task_id()), TaskNotFound),
        (Sent(content=b"x" * ((1 << 20) + 1)), QuotaExceeded),
        (Sent(error=ZeroDivisionError()), ZeroDivisionError),
        (Sent(error=asyncio.CancelledError()), asyncio.CancelledError),
        *((Sent(*bad), UnsupportedFileType) for bad in BAD[:3]),
    ],
)
async def test_a_refused_upload_leaves_nothing(world: World, sent: Sent, error: type[BaseException]) -> None:
    with pytest.raises(error):
        await world.files.upload(acting(ANN), sent)

    assert await objects(world) == []
    assert await list_files(world) == []


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (Sent("x.exe"), pytest.raises(UnsupportedFileType)),
        (Sent("/"), raises_invalid("file", "invalid_filename")),
        (Sent(task_id=new_task_id()), pytest.raises(TaskNotFound)),
    ],
)
async def test_an_upload_refused_early_is_not_read(
    world: World, sent: Sent, error: pytest.RaisesExc[Exception]
) -> None:
    with error:
        await world.files.upload(acting(ANN), sent)

    assert not sent.is_read


async def test_an_upload_is_not_read_when_the_quota_is_exhausted(world: World) -> None:
    world = World(world.storage, world.clock, quota=3 * File.BLOCK_SIZE)
    three_blocks = b"x" * (2 * File.BLOCK_SIZE + 1)
    await world.files.upload(acting(ANN), Sent(content=three_blocks))
    with pytest.raises(QuotaExceeded):
        await world.files.upload(acting(ANN), sent := Sent(content=b"x"))
    assert not sent.is_read

    await world.files.upload(acting(BEN), Sent(content=three_blocks))
    await world.files.delete(acting(ANN), (await list_files(world))[0].id)
    await world.files.upload(acting(ANN), Sent(content=three_blocks))


async def test_concurrent_uploads_do_not_exceed_the_quota(world: World) -> None:
    world = World(world.storage, world.clock, quota=3 * File.BLOCK_SIZE)
    uploads = [world.files.upload(acting(ANN), Sent(content=b"x" * 300)) for _ in range(10)]
    outcomes = await asyncio.gather(*uploads, return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["File"] * 3 + ["QuotaExceeded"] * 7
    assert len(await objects(world)) == len(await list_files(world)) == 3


async def test_a_task_of_another_user_is_not_found(world: World) -> None:
    task = await world.tasks.create(acting(BEN), CreateTask(title="Ben's"))
    for sent in (Sent(task_id=task.id), Sent(belongs_to=task.id)):
        with pytest.raises(TaskNotFound):
            await world.files.upload(acting(ANN), sent)


async def test_files_of_other_users_are_found_only_by_managers_and_admins(world: World) -> None:
    mia, file = await an_actor(world, "mia", Role.MANAGER), await world.files.upload(acting(ANN), Sent())
    for call in (world.files.get(acting(BEN), file.id), world.files.delete(acting(BEN), file.id)):
        with pytest.raises(FileNotFound):
            await call
    with pytest.raises(FileNotFound):
        await world.files.get(mia, file.id)
    with pytest.raises(UserNotFound):
        await world.files.list(acting(BEN), ListFiles(), owner_id=ANN)

    assert await world.files.get(mia, file.id, owner_id=ANN) == file
    assert (await world.files.list(mia, ListFiles(), owner_id=ANN)).items == [file]
    with pytest.raises(FileNotFound):
        await world.files.delete(mia, file.id)


async def test_files_are_listed_in_pages(world: World) -> None:
    files = [await world.files.upload(acting(ANN), Sent()) for _ in range(5)]
    pages: list[list[File]] = []
    cursor: str | None = None
    while not pages or cursor:
        page = await world.files.list(acting(ANN), ListFiles(paging=Paging(limit=2, cursor=cursor)))
        cursor = page.next_cursor
        pages.append(page.items)

    assert [file for page in pages for file in page] == files[::-1]


class TestRemoval:
    async def test_the_content_is_removed_after_the_file(self, world: World) -> None:
        removed, kept = [await world.files.upload(acting(ANN), Sent()) for _ in range(2)]
        opened = await world.files.open(acting(ANN), removed.id)
        await world.files.delete(acting(ANN), removed.id)
        with pytest.raises(FileNotFound):
            await world.files.delete(acting(ANN), removed.id)
        await world.work()

        assert [stored.key for stored in await objects(world)] == [file_key(ANN, kept.id)]
        with pytest.raises(FileNotFound):
            await opened.read(0, 1)

    async def test_deleting_tasks_removes_their_files(self, world: World) -> None:
        tasks = [await world.tasks.create(acting(ANN), CreateTask(title="x")) for _ in range(4)]
        files = [await world.files.upload(acting(ANN), Sent(task_id=task.id)) for task in tasks]
        await world.tasks.delete(acting(ANN), tasks[0].id)
        await world.batches.delete(acting(ANN), [tasks[1].id, tasks[2].id])
        await world.work()

        assert await list_files(world) == files[3:]
        assert [stored.key for stored in await objects(world)] == [file_key(ANN, files[3].id)]

    async def test_erasing_an_account_removes_its_files(self, world: World) -> None:
        kim = await an_actor(world, "kim")
        await world.files.upload(kim, Sent())
        kept = await world.files.upload(acting(ANN), Sent())
        await world.accounts.erase(acting(kim.user_id), PASSWORD)
        await world.work()

        assert [stored.key for stored in await objects(world)] == [file_key(ANN, kept.id)]


class TestCrashes:
    """Crashes at every step: a file is stored completely or not at all, and the sweep removes the rest."""

    @pytest.mark.parametrize("has_committed", [True, False])
    async def test_the_content_is_kept_when_the_outcome_of_the_commit_is_unknown(
        self, world: World, has_committed: bool
    ) -> None:
        faults: Iterator[Exception | None] = repeat(StorageUnavailable())
        files = self.service_over(world, FaultyStorage(world.storage, faults, has_committed=has_committed))
        with pytest.raises(StorageUnavailable):
            await files.upload(acting(ANN), Sent())

        existing = await list_files(world)
        assert len(existing) == has_committed
        assert len(await objects(world)) == 1
        await self.require_consistency_after_sweep(world, existing)

    async def test_a_retry_after_a_lost_race_does_not_upload_again(self, world: World) -> None:
        faults = iter([TransientStorageError(), TransientStorageError(), None])
        files = self.service_over(world, FaultyStorage(world.storage, faults, has_committed=False))
        file = await files.upload(acting(ANN), Sent())

        await self.require_consistency_after_sweep(world, [file])

    async def test_an_upload_cancelled_before_its_row_is_stored_is_not_visible(self, world: World) -> None:
        class Cancelling(InMemoryFileStore):
            async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
                await super().put(key, chunks)
                raise asyncio.CancelledError

        world = World(world.storage, world.clock, store=Cancelling())
        with pytest.raises(asyncio.CancelledError):
            await world.files.upload(acting(ANN), Sent())

        assert len(await objects(world)) == 1
        await self.require_consistency_after_sweep(world, [])

    async def test_content_of_a_refused_file_that_cannot_be_removed_is_swept(self, world: World) -> None:
        class FailingRemoval(InMemoryFileStore):
            is_failing = True

            async def remove(self, *keys: str) -> None:
                if self.is_failing:
                    raise FileStoreUnavailable
                await super().remove(*keys)

        store = FailingRemoval()
        world = World(world.storage, world.clock, store=store)
        with pytest.raises(TaskNotFound):
            await world.files.upload(acting(ANN), Sent(belongs_to=new_task_id()))
        assert len(await objects(world)) == 1
        store.is_failing = False
        await self.require_consistency_after_sweep(world, [])

    async def test_content_that_was_not_removed_is_removed_by_a_later_attempt(self, world: World) -> None:
        file = await world.files.upload(acting(ANN), Sent())
        async with world.storage.unit_of_work() as uow:
            await uow.files.remove(file)
            await uow.commit()

        await self.require_consistency_after_sweep(world, [])

    async def test_the_sweep_keeps_recent_and_foreign_objects(self, world: World) -> None:
        recent, half = (
            file_key(ANN, (await world.files.upload(acting(ANN), Sent())).id),
            f"{file_key(BEN, new_file_id())}.1",
        )
        foreign = ("README", "some/thing", f"{ANN}/notes.txt")
        for key in (half, *foreign, file_key(BEN, new_file_id())):
            await world.store.put(key, Sent().chunks())
        await sweep(world)
        assert len(await objects(world)) == 6

        world.clock.time = max(stored.modified_at for stored in await objects(world)) + MIN_AGE + timedelta(seconds=1)
        await sweep(world)
        assert {stored.key for stored in await objects(world)} == {recent, *foreign}

    def service_over(self, world: World, storage: FaultyStorage) -> FileService:
        return FileService(storage.unit_of_work, world.store, world.clock, CountedIds(1 << 30), 1 << 20)

    async def require_consistency_after_sweep(self, world: World, existing: list[File]) -> None:
        world.clock.time = max(stored.modified_at for stored in await objects(world)) + MIN_AGE + timedelta(seconds=1)
        await sweep(world)

        assert await list_files(world) == existing
        assert {stored.key for stored in await objects(world)} == {file_key(ANN, file.id) for file in existing}
        for file in existing:
            content = await world.files.open(acting(ANN), file.id)
            assert b"".join([chunk async for chunk in await content.read(0, file.size)]) == TEXT


class TestManyOrphans:
    async def test_thousands_of_orphans_are_swept(self, storage: InMemoryStorage, world: World) -> None:
        for _ in range(1200):
            await world.store.put(file_key(ANN, new_file_id()), Sent().chunks())
        world.clock.time = (await objects(world))[-1].modified_at + 2 * MIN_AGE
        await sweep(world)

        assert await objects(world) == []
