"""A database and a file store that do not belong together are not used together."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.files.store import InMemoryFileStore
from adapters.memory.storage import InMemoryStorage
from application.files.jobs import REMOVE_BYTES, REMOVE_BYTES_OF_USER, SWEEP_FILES
from application.files.keys import STORE_ID_KEY, file_key
from application.files.ports import ForeignFileStore
from application.jobs.ports import Job, JobId
from domain.files.file import File
from tests.contracts.given import register
from tests.contracts.jobs.jobs import add as add_jobs
from tests.support.builders import ANN, a_user, acting, new_task_id
from tests.support.contents import Sent
from tests.support.stubs import SettableClock
from tests.support.world import World


class SharedStorage(InMemoryStorage):
    """A database that several processes share."""

    is_process_local = False


class Storages:
    """A database and a file store, with a clock that is two days ahead of new objects."""

    def __init__(self, database: InMemoryStorage | None = None, store: InMemoryFileStore | None = None) -> None:
        self.database = database or SharedStorage()
        self.store = store or InMemoryFileStore()
        clock = SettableClock()
        clock.time = datetime.now(UTC) + timedelta(days=2)
        self.world = World(self.database, clock, store=self.store)

    async def verify(self) -> None:
        await self.world.services.file_store_identity.verify()

    async def keys(self) -> set[str]:
        return {stored.key async for stored in self.store.list()}

    async def upload(self) -> File:
        await register(self.database, a_user(id=ANN))
        return await self.world.files.upload(acting(ANN), Sent())


async def test_any_number_of_processes_agree_on_one_id() -> None:
    first = Storages()
    others = [Storages(first.database, first.store) for _ in range(5)]
    await asyncio.gather(*(each.verify() for each in (first, *others)))
    for each in (first, *others):
        await each.verify()


async def test_a_file_store_with_the_id_of_another_database_is_refused() -> None:
    production = Storages()
    await production.verify()
    for database in (SharedStorage(), InMemoryStorage()):
        with pytest.raises(ForeignFileStore, match="FILES_URL"):
            await Storages(database, production.store).verify()

    staging = Storages()
    await staging.verify()
    with pytest.raises(ForeignFileStore, match="FILES_URL"):
        await Storages(staging.database, production.store).verify()


async def test_no_job_removes_files_of_another_database() -> None:
    production = Storages()
    await production.verify()
    file = await production.upload()
    staging = Storages(store=production.store)
    kinds = {
        SWEEP_FILES: Job(id=JobId(new_task_id()), kind=SWEEP_FILES),
        REMOVE_BYTES: Job(
            id=JobId(new_task_id()), kind=REMOVE_BYTES, payload={"keys": [file_key(file.owner_id, file.id)]}
        ),
        REMOVE_BYTES_OF_USER: Job(id=JobId(new_task_id()), kind=REMOVE_BYTES_OF_USER, owner_id=ANN),
    }
    await add_jobs(staging.database, *kinds.values())
    assert await staging.world.worker.work() == len(kinds)

    assert await production.keys() == {file_key(file.owner_id, file.id), STORE_ID_KEY}


async def test_a_file_store_of_the_first_version_gets_the_id_of_the_database_that_knows_its_files() -> None:
    storages = Storages()
    file = await storages.upload()
    assert STORE_ID_KEY not in await storages.keys()
    with pytest.raises(ForeignFileStore, match="FILES_URL"):
        await Storages(store=storages.store).verify()

    await storages.verify()

    assert await storages.keys() == {file_key(file.owner_id, file.id), STORE_ID_KEY}
    await storages.verify()


async def test_a_file_store_gets_the_id_also_if_an_earlier_start_was_interrupted() -> None:
    storages = Storages()
    await storages.verify()
    await storages.store.remove(STORE_ID_KEY)
    await storages.verify()
    await Storages(storages.database, storages.store).verify()


async def test_a_database_in_this_process_takes_possession_of_no_file_store() -> None:
    storages = Storages(InMemoryStorage())
    await storages.verify()
    assert await storages.keys() == set()


async def test_the_sweep_keeps_the_id_of_the_file_store() -> None:
    storages = Storages()
    await storages.verify()
    orphan = await storages.upload()
    async with storages.database.unit_of_work() as uow:
        await uow.files.remove(orphan)
        await uow.commit()
    await add_jobs(storages.database, Job(id=JobId(new_task_id()), kind=SWEEP_FILES))
    await storages.world.worker.work()

    assert await storages.keys() == {STORE_ID_KEY}
