from datetime import timedelta

import pytest

from application.jobs.ports import JobNotFound
from application.operations import expiry
from application.operations.expiry import ExpiredDataRemover
from application.storage import UnitOfWork
from domain.audit.audit_query import AuditFilter
from tests.contracts.jobs.jobs import a_job, add
from tests.support.accounts import logged_in, registered
from tests.support.builders import ANN
from tests.support.stubs import SettableClock
from tests.support.world import LIFETIME, World


async def test_expired_sessions_and_reset_tokens_are_removed(world: World, clock: SettableClock) -> None:
    kim = await registered(world)
    await logged_in(world)
    await world.passwords.request_reset(kim.email)
    await world.work()
    clock.time += LIFETIME - timedelta(seconds=1)
    recent = await logged_in(world)
    remover = ExpiredDataRemover(world.storage.unit_of_work, clock, timedelta(days=365))

    async def remaining() -> tuple[int, bool]:
        async with world.storage.unit_of_work() as uow:
            tokens = await uow.reset_tokens.find(kim.id)
            return len(await uow.sessions.find_by_user(kim.id)), bool(tokens.tokens)

    assert await remaining() == (2, True)
    await remover.remove(a_job())
    assert await remaining() == (2, False)
    clock.time += timedelta(seconds=1)
    await remover.remove(a_job())
    assert await remaining() == (1, False)
    await world.sessions.authenticate(recent.access_token.text)


async def test_dead_letters_are_kept_for_thirty_days(world: World, clock: SettableClock) -> None:
    async def remaining() -> int:
        await ExpiredDataRemover(world.storage.unit_of_work, clock, timedelta(days=365)).remove(a_job())
        async with world.storage.unit_of_work() as uow:
            return (await uow.jobs.counts()).dead

    await add(world.storage, a_job(died_at=clock.time, last_error="550 kim@example.com is no more"))
    clock.time += timedelta(days=30, microseconds=-1)
    assert await remaining() == 1
    clock.time += timedelta(microseconds=1)
    assert await remaining() == 0


async def test_finished_jobs_are_kept_for_a_day(world: World, clock: SettableClock) -> None:
    job = a_job(requester_id=ANN, finished_at=clock.time)

    async def is_kept() -> bool:
        await ExpiredDataRemover(world.storage.unit_of_work, clock, timedelta(days=365)).remove(a_job())
        async with world.storage.unit_of_work() as uow:
            try:
                return bool(await uow.jobs.get_requested(job.id, requester_id=ANN))
            except JobNotFound:
                return False

    await add(world.storage, job)
    clock.time += timedelta(hours=24, microseconds=-1)
    assert await is_kept()
    clock.time += timedelta(microseconds=1)
    assert not await is_kept()


async def test_security_events_are_kept_for_their_time(world: World, clock: SettableClock) -> None:
    await registered(world)
    remover = ExpiredDataRemover(world.storage.unit_of_work, clock, timedelta(days=2))
    remaining = []
    for step in (timedelta(days=2), timedelta(microseconds=1)):
        clock.time += step
        await remover.remove(a_job())
        remaining.append(len(await world.services.audit_search.find(AuditFilter(), limit=9)))

    assert remaining == [1, 0]


async def test_a_discarded_job_that_deletes_data_of_a_removed_user_is_queued_again(
    world: World, clock: SettableClock
) -> None:
    kim = await registered(world)
    await world.work()
    async with world.storage.unit_of_work() as uow:
        await uow.users.remove(kim)
        await uow.commit()
    await ExpiredDataRemover(world.storage.unit_of_work, clock, timedelta(days=365)).remove(a_job())
    await world.work()

    async with world.storage.unit_of_work() as uow:
        assert await uow.users.find_removed(limit=9) == []


async def test_expired_rows_are_removed_in_small_transactions(
    world: World, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH_SIZE", 2)
    kim = await registered(world)
    for _ in range(5):
        await logged_in(world)
    clock.time += LIFETIME
    started = 0

    def unit_of_work() -> UnitOfWork:
        nonlocal started
        started += 1
        return world.storage.unit_of_work()

    await ExpiredDataRemover(unit_of_work, clock, timedelta(days=365)).remove(a_job())
    async with world.storage.unit_of_work() as uow:
        assert await uow.sessions.find_by_user(kim.id) == []
    assert started == 3 + 1
