import asyncio

import pytest

from application.storage import Storage
from domain.calendar import Due
from domain.errors import StaleTask, TaskNotFound, UserNotFound
from domain.tasks.status import Status
from domain.tasks.task import Priority
from tests.contracts.given import (
    StorageSuite,
    add,
    add_in,
    expected_snapshot,
    get,
    register,
    remove,
    remove_in,
    save,
    save_in,
    snapshot,
    snapshot_in,
)
from tests.support.builders import ANN, NOW, a_task, a_user, new_user_id, tags


class TransactionContract(StorageSuite):
    async def test_a_commit_stores_all_writes(self, storage: Storage) -> None:
        kept, removed, new = a_task(), a_task(), a_task(tags=tags("new"))
        carol = a_user(username="carol")
        hers = a_task(owner_id=carol.id)
        await add(storage, kept, removed)
        changed = kept.edit(at=NOW, title="Changed", status=Status.COMPLETED)
        async with storage.unit_of_work() as uow:
            await uow.users.add(carol)
            await add_in(uow, new, hers)
            await save_in(uow, changed)
            await remove_in(uow, removed)
            await uow.commit()

        assert await snapshot(storage) == expected_snapshot(changed, new)
        assert await snapshot(storage, carol.id) == expected_snapshot(hers)

    async def test_uncommitted_writes_are_rolled_back(self, storage: Storage) -> None:
        kept, spared = a_task(tags=tags("old")), a_task()
        await add(storage, kept, spared)
        async with storage.unit_of_work() as uow:
            await uow.users.add(a_user(username="carol"))
            await add_in(uow, a_task(tags=tags("new")))
            await save_in(uow, kept.edit(at=NOW, title="Changed", status=Status.COMPLETED))
            await remove_in(uow, spared)

        assert await snapshot(storage) == expected_snapshot(kept, spared)
        async with storage.unit_of_work() as uow:
            assert await uow.users.find_by_login("carol") is None

    async def test_writes_are_rolled_back_after_an_exception(self, storage: Storage) -> None:
        kept = a_task()
        await add(storage, kept)
        with pytest.raises(ZeroDivisionError):
            async with storage.unit_of_work() as uow:
                await add_in(uow, a_task())
                await remove_in(uow, kept)
                raise ZeroDivisionError

        assert await snapshot(storage) == expected_snapshot(kept)

    async def test_writes_are_rolled_back_when_cancelled(self, storage: Storage) -> None:
        task = a_task()
        has_written = asyncio.Event()

        async def never_commit() -> None:
            async with storage.unit_of_work() as uow:
                await add_in(uow, task)
                has_written.set()
                await asyncio.Event().wait()

        working = asyncio.create_task(never_commit())
        await has_written.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working

        assert await snapshot(storage) == expected_snapshot()
        await add(storage, task)
        assert await snapshot(storage) == expected_snapshot(task)

    async def test_a_cancelled_unit_of_work_stores_all_writes_or_none(self, storage: Storage) -> None:
        stored = []
        for moment in range(30):
            pair = [a_task(tags=tags("one")), a_task(tags=tags("other"))]
            working = asyncio.create_task(add(storage, *pair))
            await asyncio.sleep(moment / 5000)
            working.cancel()
            await asyncio.wait([working])
            current = await snapshot(storage)
            if pair[0] in current.tasks:
                stored += pair
            assert working.cancelled() or pair[0] in current.tasks
            assert current == expected_snapshot(*stored)

    async def test_waiting_for_another_writer_can_be_cancelled(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        first = task.edit(at=NOW, title="First")
        async with storage.unit_of_work() as uow:
            await save_in(uow, first)
            waiting = asyncio.create_task(save(storage, task.edit(at=NOW, title="Second")))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await uow.commit()

        assert await snapshot(storage) == expected_snapshot(first)
        last = first.edit(at=NOW, title="Last")
        await save(storage, last)
        assert await snapshot(storage) == expected_snapshot(last)

    async def test_a_change_without_save_is_not_stored(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        async with storage.unit_of_work() as uow:
            (await uow.tasks.get(task.id, owner_id=ANN)).edit(at=NOW, title="Changed")
            await uow.commit()

        assert await get(storage, task.id) == task

    async def test_a_unit_of_work_that_only_reads_may_commit(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            before = await snapshot_in(uow)
            await uow.commit()
        async with storage.unit_of_work() as uow:
            await uow.commit()

        assert before == expected_snapshot()

    async def test_a_commit_releases_all_locks(self, storage: Storage) -> None:
        task = a_task()
        async with storage.unit_of_work() as uow, asyncio.timeout(5):
            await add_in(uow, task)
            await uow.commit()
            await save(storage, newer := task.edit(at=NOW, title="Newer"))

        assert await snapshot(storage) == expected_snapshot(newer)

    async def test_later_reads_of_the_same_unit_of_work_see_its_writes(self, storage: Storage) -> None:
        old, removed = a_task(tags=tags("a")), a_task(tags=tags("b"), due=Due(NOW))
        first, second = a_task(tags=tags("a")), a_task(tags=tags("a", "b"), priority=Priority.HIGH)
        changed = first.edit(at=NOW, title="Changed", status=Status.COMPLETED, tags=tags("c"))
        carol = a_user(username="carol")
        await add(storage, old, removed)
        async with storage.unit_of_work() as uow:
            await save_in(uow, newer := old.edit(at=NOW, priority=Priority.LOW, tags=tags("d")))
            assert await snapshot_in(uow) == expected_snapshot(newer, removed)

            await remove_in(uow, newer, removed)
            assert await snapshot_in(uow) == expected_snapshot()

            await uow.users.add(carol)
            assert await uow.users.get(carol.id) == await uow.users.find_by_login("CAROL") == carol

            await add_in(uow, first, second)
            assert await snapshot_in(uow) == expected_snapshot(first, second)
            assert await uow.tasks.with_tag(*tags("b"), owner_id=ANN, limit=9) == [second]

            await save_in(uow, changed)
            assert await snapshot_in(uow) == expected_snapshot(changed, second)
            assert await uow.tasks.get(first.id, owner_id=ANN) == changed
            assert await uow.tasks.get_many([second.id, first.id], owner_id=ANN) == [second, changed]

            await save_in(uow, again := changed.edit(at=NOW, title="Again"))
            assert await snapshot_in(uow) == expected_snapshot(again, second)

            await remove_in(uow, again)
            assert await snapshot_in(uow) == expected_snapshot(second)
            with pytest.raises(TaskNotFound):
                await uow.tasks.get(first.id, owner_id=ANN)
            await uow.commit()

        assert await snapshot(storage) == expected_snapshot(second)

    async def test_other_units_of_work_do_not_see_uncommitted_writes(self, storage: Storage) -> None:
        kept, removed, new = a_task(tags=tags("a")), a_task(), a_task()
        carol = a_user(username="carol")
        await add(storage, kept, removed)
        changed = kept.edit(at=NOW, title="Changed", tags=tags("b"))
        async with storage.unit_of_work() as writing, storage.unit_of_work() as reading:
            await writing.users.add(carol)
            await add_in(writing, new)
            await save_in(writing, changed)
            await remove_in(writing, removed)
            assert await snapshot_in(reading) == await snapshot(storage) == expected_snapshot(kept, removed)
            with pytest.raises(UserNotFound):
                await reading.users.get(carol.id)

            await writing.commit()
            assert await snapshot_in(reading) == expected_snapshot(changed, new)
            assert await reading.users.get(carol.id) == carol

    async def test_nothing_is_stored_when_one_of_several_writes_is_refused(self, storage: Storage) -> None:
        fresh, stale, missing = a_task(), a_task(), a_task()
        newer = stale.edit(at=NOW, title="Newer")
        await add(storage, fresh, stale, missing)
        await save(storage, newer)
        await remove(storage, missing)
        changed = fresh.edit(at=NOW, title="Changed")
        for refused in (stale.edit(at=NOW, title="Late"), missing.edit(at=NOW, title="Late")):
            for pair in ((changed, refused), (refused, changed)):
                with pytest.raises((StaleTask, TaskNotFound)):
                    await save(storage, *pair)
        for refused in (stale, missing):
            for pair in ((fresh, refused), (refused, fresh)):
                with pytest.raises((StaleTask, TaskNotFound)):
                    await remove(storage, *pair)
        ownerless = a_task(owner_id=new_user_id())
        for pair in ((a_task(), ownerless), (ownerless, a_task())):
            with pytest.raises(UserNotFound):
                await add(storage, *pair)

        assert await snapshot(storage) == expected_snapshot(fresh, newer)

    async def test_a_refused_registration_stores_nothing(self, storage: Storage) -> None:
        unknown_id = new_user_id()
        with pytest.raises(UserNotFound):
            async with storage.unit_of_work() as uow:
                await uow.users.add(a_user(username="carol"))
                await add_in(uow, a_task(owner_id=unknown_id))
        await register(storage, a_user(username="carol"))
