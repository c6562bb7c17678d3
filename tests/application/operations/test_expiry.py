from datetime import timedelta

import pytest

from application.operations import expiry
from application.operations.expiry import Expiry
from application.storage import UnitOfWork
from tests.application.given import logged_in, registered
from tests.contracts.jobs.jobs import a_job, add
from tests.support.stubs import SettableClock
from tests.support.world import LIFETIME, World


async def test_sessions_and_reset_tokens_that_are_over_are_removed(world: World, clock: SettableClock) -> None:
    kim = await registered(world)
    await logged_in(world)
    await world.passwords.request_reset(kim.email)
    await world.work()
    clock.time += LIFETIME - timedelta(seconds=1)
    young = await logged_in(world)
    removing = Expiry(world.storage.unit_of_work, clock)

    async def left() -> tuple[int, bool]:
        async with world.storage.unit_of_work() as uow:
            return len(await uow.sessions.of_user(kim.id)), await uow.reset_tokens.find(kim.id) is not None

    assert await left() == (2, True)
    await removing.remove(a_job())
    assert await left() == (2, False)
    clock.time += timedelta(seconds=1)
    await removing.remove(a_job())
    assert await left() == (1, False)
    await world.sessions.authenticate(young.access_token.text)


async def test_the_dead_are_kept_for_thirty_days(world: World, clock: SettableClock) -> None:
    async def left() -> int:
        await Expiry(world.storage.unit_of_work, clock).remove(a_job())
        async with world.storage.unit_of_work() as uow:
            return (await uow.jobs.counts(clock.time)).dead

    await add(world.storage, a_job(died_at=clock.time, last_error="550 kim@example.com is no more"))
    clock.time += timedelta(days=30, microseconds=-1)
    assert await left() == 1
    clock.time += timedelta(microseconds=1)
    assert await left() == 0


async def test_however_many_are_over_no_transaction_removes_very_many(
    world: World, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 2)
    kim = await registered(world)
    for _ in range(5):
        await logged_in(world)
    clock.time += LIFETIME
    begun = 0

    def unit_of_work() -> UnitOfWork:
        nonlocal begun
        begun += 1
        return world.storage.unit_of_work()

    await Expiry(unit_of_work, clock).remove(a_job())
    async with world.storage.unit_of_work() as uow:
        assert await uow.sessions.of_user(kim.id) == []
    assert begun == 3
