"""What is revoked through one worker holds at once on another, which has just answered from what it knew."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from adapters.memory.storage import InMemoryStorage
from adapters.process.session_state_cache import LeasedStandingCache
from application.identity.sessions import Login
from domain.errors import InvalidToken
from domain.identity.user import Role
from tests.application.given import OTHER, PASSWORD, logged_in, registered, session_of
from tests.support.stubs import SettableClock
from tests.support.world import World

LEASE: Final = 0.05


@pytest.fixture
def world(storage: InMemoryStorage, clock: SettableClock) -> World:
    return World(storage, clock, standings=LeasedStandingCache(LEASE))


@pytest.fixture
def other_worker(storage: InMemoryStorage, clock: SettableClock) -> World:
    return World(storage, clock, 1 << 20, standings=LeasedStandingCache(LEASE))


async def end(world: World, login: Login) -> None:
    await world.sessions.end(login.user.id, session_of(login))


async def end_all(world: World, login: Login) -> None:
    await world.sessions.end_all(login.user.id)


async def reuse(world: World, login: Login) -> None:
    await world.sessions.refresh(login.refresh_token.text)
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(login.refresh_token.text)


async def deactivate(world: World, login: Login) -> None:
    await world.accounts.edit(login.user.id, is_active=False)


async def erase(world: World, login: Login) -> None:
    await world.accounts.erase(login.user.id, PASSWORD)


async def change_password_elsewhere(world: World, login: Login) -> None:
    elsewhere = await logged_in(world)
    await world.passwords.change(login.user.id, session_of(elsewhere), PASSWORD, OTHER)
    assert await world.sessions.authenticate(elsewhere.access_token.text)


async def reset_password(world: World, login: Login) -> None:
    await world.passwords.request_reset("kim@example.com")
    await world.work()
    await world.passwords.reset(world.mailbox.reset_tokens[-1], OTHER)


Revoke = Callable[[World, Login], Awaitable[None]]


@pytest.mark.parametrize("revoke", [end, end_all, reuse, deactivate, erase, change_password_elsewhere, reset_password])
async def test_a_revoked_session_is_worth_nothing_on_the_next_request_to_any_worker(
    world: World, other_worker: World, revoke: Revoke
) -> None:
    await registered(world)
    login = await logged_in(world)
    for worker in (world, other_worker):
        assert await worker.sessions.authenticate(login.access_token.text)
    await revoke(world, login)

    for worker in (other_worker, world):
        with pytest.raises(InvalidToken):
            await worker.sessions.authenticate(login.access_token.text)
        with pytest.raises(InvalidToken):
            await worker.sessions.refresh(login.refresh_token.text)


async def test_a_changed_role_and_zone_hold_on_the_next_request_to_any_worker(
    world: World, other_worker: World
) -> None:
    kim = await registered(world, role=Role.MANAGER)
    text = (await logged_in(world)).access_token.text
    for worker in (world, other_worker):
        assert (await worker.sessions.authenticate(text)).actor.role is Role.MANAGER
    await world.accounts.edit(kim.id, role=Role.USER, timezone="Asia/Seoul")

    for worker in (other_worker, world):
        actor = (await worker.sessions.authenticate(text)).actor
        assert (actor.role, actor.timezone) == (Role.USER, "Asia/Seoul")
    assert "role_changed" in world.audit.names
