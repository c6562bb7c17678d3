"""A revocation on one worker takes effect immediately on another worker that has the session state cached."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import pytest

from adapters.memory.storage import InMemoryStorage
from adapters.process.session_state_cache import LeasedSessionStateCache
from application.identity.sessions import IssuedTokens
from domain.errors import DomainError, InvalidToken
from domain.identity.user import Role
from tests.support.accounts import OTHER, PASSWORD, logged_in, registered, session_of
from tests.support.builders import AN_ADMIN, acting
from tests.support.stubs import SettableClock
from tests.support.world import World

LEASE: Final = 0.05
REVOCATIONS: Final = ("session_ended", "sessions_ended", "user_changed", "role_changed", "user_erased")
"""Names in the audit log."""


@pytest.fixture
def world(storage: InMemoryStorage, clock: SettableClock) -> World:
    return World(storage, clock, session_states=LeasedSessionStateCache(LEASE))


@pytest.fixture
def other_worker(storage: InMemoryStorage, clock: SettableClock) -> World:
    return World(storage, clock, session_states=LeasedSessionStateCache(LEASE))


async def revoke_one(world: World, login: IssuedTokens) -> None:
    await world.sessions.revoke(acting(login.user.id), session_of(login))


async def revoke_all(world: World, login: IssuedTokens) -> None:
    await world.sessions.revoke_all(acting(login.user.id))


async def reuse_refresh_token(world: World, login: IssuedTokens) -> None:
    await world.sessions.refresh(login.refresh_token.text)
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(login.refresh_token.text)


async def deactivate(world: World, login: IssuedTokens) -> None:
    await world.users.edit(AN_ADMIN, login.user.id, is_active=False)


async def erase(world: World, login: IssuedTokens) -> None:
    await world.accounts.erase(acting(login.user.id), PASSWORD)


async def change_password_in_another_session(world: World, login: IssuedTokens) -> None:
    elsewhere = await logged_in(world)
    await world.passwords.change(acting(login.user.id), session_of(elsewhere), PASSWORD, OTHER)
    assert await world.sessions.authenticate(elsewhere.access_token.text)


async def reset_password(world: World, login: IssuedTokens) -> None:
    await world.passwords.request_reset("kim@example.com")
    await world.work()
    await world.passwords.reset(world.mailbox.reset_tokens[-1], OTHER)


async def demote(world: World, login: IssuedTokens) -> None:
    await world.users.edit(AN_ADMIN, login.user.id, role=Role.USER)


async def delete(world: World, login: IssuedTokens) -> None:
    await world.users.delete(AN_ADMIN, login.user.id)


async def use_a_revoked_refresh_token(world: World, login: IssuedTokens) -> None:
    await world.sessions.refresh(login.refresh_token.text)


async def use_a_revoked_access_token(world: World, login: IssuedTokens) -> None:
    await world.sessions.authenticate(login.access_token.text)


Revoke = Callable[[World, IssuedTokens], Awaitable[None]]


@pytest.mark.parametrize(
    "revoke",
    [
        revoke_one,
        revoke_all,
        reuse_refresh_token,
        deactivate,
        erase,
        change_password_in_another_session,
        reset_password,
    ],
)
async def test_a_revoked_session_is_refused_by_all_workers(world: World, other_worker: World, revoke: Revoke) -> None:
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


@pytest.mark.parametrize(
    ("revoke", "repeat"),
    [
        (revoke_one, revoke_one),
        (revoke_all, revoke_one),
        (revoke_all, use_a_revoked_access_token),
        (revoke_one, use_a_revoked_refresh_token),
        (deactivate, deactivate),
        (demote, demote),
        (delete, delete),
        (erase, delete),
        (delete, deactivate),
        (erase, erase),
    ],
)
async def test_a_revocation_is_confirmed_only_when_no_worker_accepts_the_session(
    world: World, other_worker: World, revoke: Revoke, repeat: Revoke
) -> None:
    await registered(world, role=Role.MANAGER)
    login = await logged_in(world)
    assert (await other_worker.sessions.authenticate(login.access_token.text)).actor.role is Role.MANAGER
    first = asyncio.ensure_future(revoke(world, login))
    while not world.audit.names[-1].startswith(REVOCATIONS):  # noqa: ASYNC110 - it is committed and still waits
        await asyncio.sleep(0)
    assert not first.done()
    with suppress(DomainError):
        await repeat(world, login)

    try:
        assert (await other_worker.sessions.authenticate(login.access_token.text)).actor.role is Role.USER
    except InvalidToken:
        assert revoke is not demote
    await first


@pytest.mark.parametrize("is_reactivated", [False, True])
async def test_a_deactivation_ends_all_sessions_for_good(world: World, is_reactivated: bool) -> None:
    kim = await registered(world)
    login = await logged_in(world)
    await world.users.edit(AN_ADMIN, kim.id, is_active=False)
    if is_reactivated:
        await world.users.edit(AN_ADMIN, kim.id, is_active=True)

    assert await world.sessions.list_sessions(acting(kim.id)) == []
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(login.refresh_token.text)
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(login.access_token.text)


async def test_an_activation_ends_the_sessions_that_an_older_service_kept(world: World) -> None:
    kim = await registered(world)
    login = await logged_in(world)
    async with world.storage.unit_of_work() as uow:
        await uow.users.save(kim.edit(at=world.clock.time, is_active=False))
        await uow.commit()
    await world.users.edit(AN_ADMIN, kim.id, is_active=True)

    with pytest.raises(InvalidToken):
        await world.sessions.refresh(login.refresh_token.text)


async def test_a_changed_role_and_time_zone_take_effect_on_all_workers(world: World, other_worker: World) -> None:
    kim = await registered(world, role=Role.MANAGER)
    text = (await logged_in(world)).access_token.text
    for worker in (world, other_worker):
        assert (await worker.sessions.authenticate(text)).actor.role is Role.MANAGER
    await world.users.edit(AN_ADMIN, kim.id, role=Role.USER, timezone="Asia/Seoul")

    for worker in (other_worker, world):
        actor = (await worker.sessions.authenticate(text)).actor
        assert (actor.role, actor.timezone) == (Role.USER, "Asia/Seoul")
    assert "role_changed" in world.audit.names
