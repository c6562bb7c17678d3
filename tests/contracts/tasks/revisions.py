import asyncio

from application.storage import Storage
from domain.identity.user import UserId
from tests.contracts.given import StorageSuite, add, add_in, remove, retry, save
from tests.support.builders import ANN, BEN, NOW, a_task, tags


async def revision(storage: Storage, owner_id: UserId = ANN) -> int:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.revision(owner_id=owner_id)


class RevisionContract(StorageSuite):
    async def test_each_commit_with_a_task_increases_the_revision(self, storage: Storage) -> None:
        task, bens = a_task(), a_task(owner_id=BEN)
        revisions = [await revision(storage)]
        await add(storage, task, a_task(), bens)
        revisions.append(await revision(storage))
        retitled = task.edit(at=NOW, title="Changed")
        await save(storage, retitled)
        revisions.append(await revision(storage))
        await save(storage, retitled.edit(at=NOW, tags=tags("home")))
        revisions.append(await revision(storage))
        before = await revision(storage, BEN)
        await remove(storage, retitled.edit(at=NOW, tags=tags("home")))
        revisions.append(await revision(storage))

        assert revisions == sorted(set(revisions))
        assert await revision(storage, BEN) == before

    async def test_uncommitted_writes_do_not_change_the_revision(self, storage: Storage) -> None:
        await add(storage, a_task())
        before = await revision(storage)
        async with storage.unit_of_work() as uow:
            await add_in(uow, a_task())
            assert await uow.tasks.revision(owner_id=ANN) > before
        assert await revision(storage) == before

    async def test_reads_do_not_change_the_revision(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        before = await revision(storage)
        async with storage.unit_of_work() as uow:
            await uow.tasks.get(task.id, owner_id=ANN)
            await uow.users.lock(ANN)
            await uow.commit()
        assert await revision(storage) == before

    async def test_concurrent_commits_each_increase_the_revision(self, storage: Storage) -> None:
        before = await revision(storage)
        await asyncio.gather(*(retry(lambda: add(storage, a_task())) for _ in range(10)))
        assert await revision(storage) >= before + 10
