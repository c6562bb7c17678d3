import asyncio

import pytest

from application.storage import Storage
from domain.calendar import Due
from domain.errors import StaleTask, TaskNotFound, UserNotFound
from domain.tasks.task import Priority, Status
from tests.contracts.given import StorageSuite, add, get, register, remove, save, seen, seen_in, seen_of
from tests.support.builders import ANN, NOW, a_task, a_user, new_user_id, tags


class TransactionContract(StorageSuite):
    async def test_what_is_committed_together_is_stored_together(self, storage: Storage) -> None:
        kept, doomed, new = a_task(), a_task(), a_task(tags=tags("new"))
        carol = a_user(username="carol")
        hers = a_task(owner_id=carol.id)
        await add(storage, kept, doomed)
        changed = kept.edit(at=NOW, title="Changed", status=Status.COMPLETED)
        async with storage.unit_of_work() as uow:
            await uow.users.add(carol)
            await uow.tasks.add(new, hers)
            await uow.tasks.save(changed)
            await uow.tasks.remove(doomed)
            await uow.commit()

        assert await seen(storage) == seen_of(changed, new)
        assert await seen(storage, carol.id) == seen_of(hers)

    async def test_work_left_uncommitted_is_undone(self, storage: Storage) -> None:
        kept, spared = a_task(tags=tags("old")), a_task()
        await add(storage, kept, spared)
        async with storage.unit_of_work() as uow:
            await uow.users.add(a_user(username="carol"))
            await uow.tasks.add(a_task(tags=tags("new")))
            await uow.tasks.save(kept.edit(at=NOW, title="Changed", status=Status.COMPLETED))
            await uow.tasks.remove(spared)

        assert await seen(storage) == seen_of(kept, spared)
        async with storage.unit_of_work() as uow:
            assert await uow.users.find_by_login("carol") is None

    async def test_work_is_undone_after_an_exception(self, storage: Storage) -> None:
        kept = a_task()
        await add(storage, kept)
        with pytest.raises(ZeroDivisionError):
            async with storage.unit_of_work() as uow:
                await uow.tasks.add(a_task())
                await uow.tasks.remove(kept)
                raise ZeroDivisionError

        assert await seen(storage) == seen_of(kept)

    async def test_work_is_undone_when_cancelled(self, storage: Storage) -> None:
        task = a_task()
        has_written = asyncio.Event()

        async def never_commit() -> None:
            async with storage.unit_of_work() as uow:
                await uow.tasks.add(task)
                has_written.set()
                await asyncio.Event().wait()

        working = asyncio.create_task(never_commit())
        await has_written.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working

        assert await seen(storage) == seen_of()
        await add(storage, task)
        assert await seen(storage) == seen_of(task)

    async def test_work_cancelled_at_any_moment_is_stored_whole_or_not_at_all(self, storage: Storage) -> None:
        stored = []
        for moment in range(30):
            pair = [a_task(tags=tags("one")), a_task(tags=tags("other"))]
            working = asyncio.create_task(add(storage, *pair))
            await asyncio.sleep(moment / 5000)
            working.cancel()
            await asyncio.wait([working])
            now_there = await seen(storage)
            if pair[0] in now_there.tasks:
                stored += pair
            assert working.cancelled() or pair[0] in now_there.tasks
            assert now_there == seen_of(*stored)

    async def test_waiting_for_another_writer_can_be_cancelled(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        first = task.edit(at=NOW, title="First")
        async with storage.unit_of_work() as uow:
            await uow.tasks.save(first)
            waiting = asyncio.create_task(save(storage, task.edit(at=NOW, title="Second")))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await uow.commit()

        assert await seen(storage) == seen_of(first)
        last = first.edit(at=NOW, title="Last")
        await save(storage, last)
        assert await seen(storage) == seen_of(last)

    async def test_an_unsaved_change_is_not_stored(self, storage: Storage) -> None:
        task = a_task()
        await add(storage, task)
        async with storage.unit_of_work() as uow:
            (await uow.tasks.get(task.id, owner_id=ANN)).edit(at=NOW, title="Changed")
            await uow.commit()

        assert await get(storage, task.id) == task

    async def test_a_unit_of_work_that_only_reads_may_commit(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            before = await seen_in(uow)
            await uow.commit()
        async with storage.unit_of_work() as uow:
            await uow.commit()

        assert before == seen_of()

    async def test_a_committed_unit_of_work_keeps_nobody_waiting(self, storage: Storage) -> None:
        task = a_task()
        async with storage.unit_of_work() as uow, asyncio.timeout(5):
            await uow.tasks.add(task)
            await uow.commit()
            await save(storage, newer := task.edit(at=NOW, title="Newer"))

        assert await seen(storage) == seen_of(newer)

    async def test_writes_are_seen_by_later_reads_of_the_same_unit(self, storage: Storage) -> None:
        old, doomed = a_task(tags=tags("a")), a_task(tags=tags("b"), due=Due(NOW))
        first, second = a_task(tags=tags("a")), a_task(tags=tags("a", "b"), priority=Priority.HIGH)
        changed = first.edit(at=NOW, title="Changed", status=Status.COMPLETED, tags=tags("c"))
        carol = a_user(username="carol")
        await add(storage, old, doomed)
        async with storage.unit_of_work() as uow:
            await uow.tasks.save(newer := old.edit(at=NOW, priority=Priority.LOW, tags=tags("d")))
            assert await seen_in(uow) == seen_of(newer, doomed)

            await uow.tasks.remove(newer, doomed)
            assert await seen_in(uow) == seen_of()

            await uow.users.add(carol)
            assert await uow.users.get(carol.id) == await uow.users.find_by_login("CAROL") == carol

            await uow.tasks.add(first, second)
            assert await seen_in(uow) == seen_of(first, second)
            assert await uow.tasks.with_tag(*tags("b"), owner_id=ANN, limit=9) == [second]

            await uow.tasks.save(changed)
            assert await seen_in(uow) == seen_of(changed, second)
            assert await uow.tasks.get(first.id, owner_id=ANN) == changed
            assert await uow.tasks.get_many([second.id, first.id], owner_id=ANN) == [second, changed]

            await uow.tasks.save(again := changed.edit(at=NOW, title="Again"))
            assert await seen_in(uow) == seen_of(again, second)

            await uow.tasks.remove(again)
            assert await seen_in(uow) == seen_of(second)
            with pytest.raises(TaskNotFound):
                await uow.tasks.get(first.id, owner_id=ANN)
            await uow.commit()

        assert await seen(storage) == seen_of(second)

    async def test_other_units_do_not_see_what_is_uncommitted(self, storage: Storage) -> None:
        kept, doomed, new = a_task(tags=tags("a")), a_task(), a_task()
        carol = a_user(username="carol")
        await add(storage, kept, doomed)
        changed = kept.edit(at=NOW, title="Changed", tags=tags("b"))
        async with storage.unit_of_work() as writing, storage.unit_of_work() as reading:
            await writing.users.add(carol)
            await writing.tasks.add(new)
            await writing.tasks.save(changed)
            await writing.tasks.remove(doomed)
            assert await seen_in(reading) == await seen(storage) == seen_of(kept, doomed)
            with pytest.raises(UserNotFound):
                await reading.users.get(carol.id)

            await writing.commit()
            assert await seen_in(reading) == seen_of(changed, new)
            assert await reading.users.get(carol.id) == carol

    async def test_work_is_left_whole_when_one_of_several_is_refused(self, storage: Storage) -> None:
        fresh, stale, gone = a_task(), a_task(), a_task()
        newer = stale.edit(at=NOW, title="Newer")
        await add(storage, fresh, stale, gone)
        await save(storage, newer)
        await remove(storage, gone)
        changed = fresh.edit(at=NOW, title="Changed")
        for refused in (stale.edit(at=NOW, title="Late"), gone.edit(at=NOW, title="Late")):
            for pair in ((changed, refused), (refused, changed)):
                with pytest.raises((StaleTask, TaskNotFound)):
                    await save(storage, *pair)
        for refused in (stale, gone):
            for pair in ((fresh, refused), (refused, fresh)):
                with pytest.raises((StaleTask, TaskNotFound)):
                    await remove(storage, *pair)
        nobodys = a_task(owner_id=new_user_id())
        for pair in ((a_task(), nobodys), (nobodys, a_task())):
            with pytest.raises(UserNotFound):
                await add(storage, *pair)

        assert await seen(storage) == seen_of(fresh, newer)

    async def test_a_refused_registration_stores_nothing(self, storage: Storage) -> None:
        nobody = new_user_id()
        with pytest.raises(UserNotFound):
            async with storage.unit_of_work() as uow:
                await uow.users.add(a_user(username="carol"))
                await uow.tasks.add(a_task(owner_id=nobody))
        await register(storage, a_user(username="carol"))
