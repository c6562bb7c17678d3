import asyncio
from datetime import timedelta

import pytest

from adapters.memory.storage import InMemoryStorage
from application.identity.sessions import Device, Login
from domain.errors import InvalidCredentials, InvalidToken, RefreshTokenReused, SessionNotFound
from domain.identity.actor import Actor
from tests.application.given import OTHER, PASSWORD, logged_in, registered, session_of
from tests.support.stubs import SettableClock
from tests.support.world import LIFETIME, World


async def test_a_login_gives_tokens_that_name_the_user_and_the_session(world: World) -> None:
    kim = await registered(world)
    for name in ("kim", "KIM", "Kim@Example.com"):
        login = await world.sessions.log_in(name, PASSWORD, Device("Browser", "192.0.2.1"))
        caller = await world.sessions.authenticate(login.access_token.text)
        assert (login.user, caller.actor, caller.session_id) == (kim, Actor.of(kim), session_of(login))

    sessions = await world.sessions.list(kim.id)
    assert sessions[0].id == session_of(login)
    assert len(sessions) == 3
    assert {(session.user_agent, session.ip_address) for session in sessions} == {("Browser", "192.0.2.1")}


@pytest.mark.parametrize(
    ("login", "password"),
    [("kim", OTHER), ("nobody", PASSWORD), ("off", PASSWORD), ("", ""), ("k\x00", PASSWORD), ("\ud800", PASSWORD)],
    ids=["wrong password", "unknown", "inactive", "empty", "NUL", "surrogate"],
)
async def test_every_refused_login_is_alike_and_costs_one_verification(world: World, login: str, password: str) -> None:
    await registered(world)
    await registered(world, "off", is_active=False)
    with pytest.raises(InvalidCredentials) as refusal:
        await world.sessions.log_in(login, password)

    assert str(refusal.value) == "wrong username or password"
    assert (world.hasher.verified, world.hasher.hashed) == (1, 2)
    assert world.audit.names[-1] == "login_failed"


async def test_a_password_is_hashed_anew_at_login_when_that_takes_more_effort_today(world: World) -> None:
    kim = await registered(world)
    world.hasher.effort = 2
    with pytest.raises(InvalidCredentials):
        await logged_in(world, password=OTHER)
    assert (await world.accounts.profile(kim.id)).password_hash == kim.password_hash

    await logged_in(world)
    assert (await world.accounts.profile(kim.id)).password_hash == f"2:{PASSWORD}"
    hashed = world.hasher.hashed
    await logged_in(world)
    assert world.hasher.hashed == hashed


async def test_parallel_logins_all_succeed_while_the_hash_is_renewed(world: World) -> None:
    kim = await registered(world)
    world.hasher.effort = 2
    await asyncio.gather(*(logged_in(world) for _ in range(10)))

    assert len(await world.sessions.list(kim.id)) == 10
    assert (await world.accounts.profile(kim.id)).version == 2


async def test_a_refresh_gives_both_tokens_anew_and_keeps_the_session(world: World, clock: SettableClock) -> None:
    kim = await registered(world)
    first = await logged_in(world)
    clock.time += timedelta(days=1)
    second = await world.sessions.refresh(first.refresh_token.text)

    assert session_of(second) == session_of(first)
    assert second.refresh_token != first.refresh_token
    assert (await world.sessions.authenticate(second.access_token.text)).session_id == session_of(first)
    (session,) = await world.sessions.list(kim.id)
    assert (session.last_used_at, session.expires_at) == (clock.time, session.created_at + LIFETIME)


async def test_a_refresh_token_used_again_ends_its_session_for_both_parties(world: World) -> None:
    await registered(world)
    other = await logged_in(world)
    first = await logged_in(world)
    second = await world.sessions.refresh(first.refresh_token.text)
    with pytest.raises(RefreshTokenReused):
        await world.sessions.refresh(first.refresh_token.text)

    assert world.audit.names[-1] == "refresh_token_reused"
    for text in (first.refresh_token.text, second.refresh_token.text):
        with pytest.raises(InvalidToken):
            await world.sessions.refresh(text)
    for login in (first, second):
        with pytest.raises(InvalidToken):
            await world.sessions.authenticate(login.access_token.text)
    assert await world.sessions.authenticate(other.access_token.text)


@pytest.mark.parametrize("is_spent", [False, True], ids=["good token", "spent token"])
async def test_of_parallel_uses_of_one_refresh_token_at_most_one_succeeds_and_the_session_ends(
    world: World, is_spent: bool
) -> None:
    kim = await registered(world)
    login = await logged_in(world)
    if is_spent:
        await world.sessions.refresh(login.refresh_token.text)

    uses = (world.sessions.refresh(login.refresh_token.text) for _ in range(20))
    outcomes = await asyncio.gather(*uses, return_exceptions=True)

    assert [outcome for outcome in outcomes if not isinstance(outcome, Login | InvalidToken)] == []
    assert sum(isinstance(outcome, Login) for outcome in outcomes) <= (0 if is_spent else 1)
    assert await world.sessions.list(kim.id) == []
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(login.access_token.text)


async def test_a_session_that_is_ended_while_it_is_refreshed_gives_an_invalid_token(world: World) -> None:
    kim = await registered(world)
    for _ in range(10):
        login = await logged_in(world)
        ended, refreshed = await asyncio.gather(
            world.sessions.end_all(kim.id),
            world.sessions.refresh(login.refresh_token.text),
            return_exceptions=True,
        )
        assert ended is None
        assert isinstance(refreshed, Login | InvalidToken)
        assert await world.sessions.list(kim.id) == []


async def test_a_session_ends_at_last_however_often_it_is_refreshed(world: World, clock: SettableClock) -> None:
    kim = await registered(world)
    login = await logged_in(world)
    start = clock.time
    clock.time = start + LIFETIME - timedelta(microseconds=1)
    login = await world.sessions.refresh(login.refresh_token.text)
    assert await world.sessions.authenticate(login.access_token.text)

    clock.time = start + LIFETIME
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(login.refresh_token.text)
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(login.access_token.text)
    assert await world.sessions.list(kim.id) == []


async def test_an_ended_session_is_over_and_the_others_are_not(world: World) -> None:
    kim = await registered(world)
    ended, other = await logged_in(world), await logged_in(world)
    await world.sessions.end(kim.id, session_of(ended))
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(ended.access_token.text)
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(ended.refresh_token.text)
    with pytest.raises(SessionNotFound):
        await world.sessions.end(kim.id, session_of(ended))
    assert await world.sessions.authenticate(other.access_token.text)

    await world.sessions.end_all(kim.id)
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(other.access_token.text)


async def test_a_session_of_someone_else_is_not_found(world: World) -> None:
    await registered(world)
    lee = await registered(world, "lee")
    login = await logged_in(world)
    with pytest.raises(SessionNotFound):
        await world.sessions.end(lee.id, session_of(login))
    await world.sessions.end_all(lee.id)

    assert await world.sessions.authenticate(login.access_token.text)


@pytest.mark.parametrize("text", ["", "x", "\ud800", "x" * 86, "A" * 85, "A" * 87, "=" * 86])
async def test_no_damaged_token_refreshes_anything(world: World, storage: InMemoryStorage, text: str) -> None:
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(text)
