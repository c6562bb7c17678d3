import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from application.platform.retry import retried
from application.storage import Storage, UnitOfWork
from domain.errors import EmailTaken, UsernameTaken
from domain.tasks.status import Status
from domain.tasks.task import TaskId
from tests.contracts.given import (
    StorageSuite,
    add,
    expected_snapshot,
    get,
    register,
    remove,
    retry,
    save,
    save_in,
    snapshot,
    titles,
)
from tests.support.builders import ANN, BEN, NOW, a_session, a_task, a_user, tags

TASK: Final = a_task(tags=tags("x"))
SESSION: Final = a_session(user_id=ANN)

Pause = Callable[[], Awaitable[None]]


async def edit_task(uow: UnitOfWork, value: str, pause: Pause) -> None:
    task = await uow.tasks.get(TASK.id, owner_id=ANN)
    await pause()
    await save_in(uow, task.edit(at=NOW, title=value))


async def edit_batch(uow: UnitOfWork, value: str, pause: Pause) -> None:
    batch = await uow.tasks.get_many([TASK.id], owner_id=ANN)
    await pause()
    await save_in(uow, *(task.edit(at=NOW, title=value) for task in batch))


async def edit_tagged(uow: UnitOfWork, value: str, pause: Pause) -> None:
    tagged = await uow.tasks.with_tag(*tags("x"), owner_id=ANN, limit=9)
    await pause()
    await save_in(uow, *(task.edit(at=NOW, title=value) for task in tagged))


async def edit_user(uow: UnitOfWork, value: str, pause: Pause) -> None:
    user = await uow.users.get(ANN)
    await pause()
    await uow.users.save(user.edit(at=NOW, full_name=value))


async def refresh_session(uow: UnitOfWork, value: str, pause: Pause) -> None:
    session = await uow.sessions.get(SESSION.id, user_id=ANN)
    await pause()
    await uow.sessions.save(replace(session, refresh_hash=value.encode()), replacing=session)


class RaceContract(StorageSuite):
    @pytest.mark.parametrize("change", [edit_task, edit_batch, edit_tagged, edit_user, refresh_session])
    async def test_no_race_is_lost_twice(
        self, storage: Storage, change: Callable[[UnitOfWork, str, Pause], Awaitable[None]]
    ) -> None:
        attempts: Counter[int] = Counter()
        all_have_read = asyncio.Barrier(5)
        await add(storage, TASK)
        async with storage.unit_of_work() as uow:
            await uow.sessions.add(SESSION)
            await uow.commit()

        async def pause(n: int) -> None:
            if attempts[n] == 1:
                await all_have_read.wait()

        @retried
        async def run(n: int) -> None:
            attempts[n] += 1
            async with storage.unit_of_work() as uow:
                await change(uow, f"{n}", partial(pause, n))
                await uow.commit()

        await asyncio.gather(*map(run, range(5)))

        assert sorted(attempts.values()) == [1, 2, 2, 2, 2]

    async def test_concurrent_edits_of_one_task_lose_no_update(self, storage: Storage) -> None:
        task = a_task(title="0")
        await add(storage, task)

        async def increment() -> None:
            async with storage.unit_of_work() as uow:
                loaded = await uow.tasks.get(task.id, owner_id=ANN)
                await save_in(uow, loaded.edit(at=NOW, title=str(int(loaded.title) + 1)))
                await uow.commit()

        await asyncio.gather(*(retry(increment) for _ in range(20)))

        stored = await get(storage, task.id)
        assert (stored.title, stored.version) == ("20", 21)
        assert await snapshot(storage) == expected_snapshot(stored)

    async def test_concurrent_writes_of_one_owner_are_all_stored_and_counted(self, storage: Storage) -> None:
        old = [a_task(tags=tags("old"), title=f"Old {n}") for n in range(20)]
        new = [a_task(tags=tags("new", f"{n % 3}"), title=f"New {n}") for n in range(20)]
        await add(storage, *old)
        edited = [task.edit(at=NOW, status=Status.COMPLETED, tags=tags("both")) for task in old[10:]]

        await asyncio.gather(
            *(retry(partial(add, storage, task)) for task in new),
            *(retry(partial(remove, storage, task)) for task in old[:10]),
            *(retry(partial(save, storage, task)) for task in edited),
        )

        assert await snapshot(storage) == expected_snapshot(*edited, *new)

    async def test_concurrent_batches_in_opposite_orders_are_all_stored(self, storage: Storage) -> None:
        batch = [a_task(title="0") for _ in range(10)]
        await add(storage, *batch)

        async def increment(ids: list[TaskId]) -> None:
            async with storage.unit_of_work() as uow:
                loaded = await uow.tasks.get_many(ids, owner_id=ANN)
                await save_in(uow, *(task.edit(at=NOW, title=str(int(task.title) + 1)) for task in loaded))
                await uow.commit()

        ids = [task.id for task in batch]
        await asyncio.gather(*(retry(partial(increment, way)) for way in [ids, ids[::-1]] * 5))

        assert titles((await snapshot(storage)).tasks) == ["10"] * 10

    async def test_concurrent_writes_of_two_owners_do_not_conflict(self, storage: Storage) -> None:
        anns, bens = a_task(tags=tags("ann")), a_task(owner_id=BEN, tags=tags("ben"))
        await asyncio.gather(*(retry(partial(add, storage, task)) for task in (anns, bens)))

        assert await snapshot(storage, ANN) == expected_snapshot(anns)
        assert await snapshot(storage, BEN) == expected_snapshot(bens)

    @pytest.mark.parametrize("field", ["username", "email"])
    async def test_one_of_many_concurrent_registrations_of_a_name_wins(self, storage: Storage, field: str) -> None:
        spellings = [f"Carol{n:05b}@Example.Com".translate({48: "o", 49: "O"}) for n in range(20)]
        if field == "username":
            rivals = [a_user(username=spelling.partition("@")[0]) for spelling in spellings]
        else:
            rivals = [a_user(email=spelling) for spelling in spellings]

        outcomes = await asyncio.gather(
            *(retry(partial(register, storage, rival, a_user())) for rival in rivals), return_exceptions=True
        )

        taken = UsernameTaken if field == "username" else EmailTaken
        assert sorted(map(type, outcomes), key=str) == sorted([type(None), *[taken] * 19], key=str)
        winner = rivals[outcomes.index(None)]
        async with storage.unit_of_work() as uow:
            for rival in rivals:
                assert await uow.users.find_by_login(getattr(rival, field)) == winner
