from datetime import timedelta

from application.expiry import Expiry
from tests.application.given import logged_in, registered
from tests.contracts.storage_jobs import a_job
from tests.stubs import SettableClock
from tests.world import LIFETIME, World


async def test_sessions_and_reset_tokens_that_are_over_are_removed(world: World, clock: SettableClock) -> None:
    kim = await registered(world)
    await logged_in(world)
    await world.passwords.request_reset(kim.email)
    await world.work()
    clock.time += LIFETIME - timedelta(seconds=1)
    young = await logged_in(world)
    expiry = Expiry(world.storage.unit_of_work, clock)

    async def left() -> tuple[int, bool]:
        async with world.storage.unit_of_work() as uow:
            return len(await uow.sessions.of_user(kim.id)), await uow.reset_tokens.find(kim.id) is not None

    assert await left() == (2, True)
    await expiry.remove(a_job())
    assert await left() == (2, False)
    clock.time += timedelta(seconds=1)
    await expiry.remove(a_job())
    assert await left() == (1, False)
    await world.sessions.authenticate(young.access_token.text)
