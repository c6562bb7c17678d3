import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.storage import InMemoryStorage
from application.identity.sessions import ClientInfo, IssuedTokens
from domain.errors import InvalidCredentials, InvalidToken, RefreshTokenReused, SessionNotFound
from domain.identity.actor import Actor
from domain.identity.session import Session
from tests.support.accounts import COMPOSED, DECOMPOSED, OTHER, PASSWORD, logged_in, registered, session_of
from tests.support.builders import AN_ADMIN, acting
from tests.support.stubs import SettableClock
from tests.support.world import LIFETIME, World


async def test_a_login_issues_tokens_for_the_user_and_the_session(world: World) -> None:
    kim = await registered(world)
    for name in ("kim", "KIM", "Kim@Example.com"):
        login = await world.sessions.log_in(name, PASSWORD, ClientInfo("Browser", "192.0.2.1"))
        caller = await world.sessions.authenticate(login.access_token.text)
        assert (login.user, caller.actor, caller.session_id) == (kim, Actor.of(kim), session_of(login))

    sessions = await world.sessions.list_sessions(acting(kim.id))
    assert sessions[0].id == session_of(login)
    assert len(sessions) == 3
    assert {(session.user_agent, session.ip_address) for session in sessions} == {("Browser", "192.0.2.1")}


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("kim", OTHER),
        ("unknown", PASSWORD),
        ("off", COMPOSED),
        ("kim", DECOMPOSED),
        ("unknown", DECOMPOSED),
        ("off", DECOMPOSED),
        ("", ""),
        ("k\x00", PASSWORD),
        ("\ud800", PASSWORD),
    ],
)
async def test_all_refused_logins_get_the_same_error_and_cost_the_same(world: World, login: str, password: str) -> None:
    await registered(world)
    await registered(world, "off", is_active=False, password=DECOMPOSED)
    with pytest.raises(InvalidCredentials) as error:
        await world.sessions.log_in(login, password)

    assert str(error.value) == "wrong username or password"
    forms = 2 if password == DECOMPOSED else 1
    assert (world.hasher.verified, world.hasher.hashed) == (forms, 2)
    assert world.audit.names[-1] == "login_failed"


async def test_a_login_rehashes_a_password_whose_hash_is_outdated(world: World) -> None:
    kim = await registered(world)
    world.hasher.effort = 2
    with pytest.raises(InvalidCredentials):
        await logged_in(world, password=OTHER)
    assert (await world.users.get(AN_ADMIN, kim.id)).password_hash == kim.password_hash

    await logged_in(world)
    assert (await world.users.get(AN_ADMIN, kim.id)).password_hash == f"2:{PASSWORD}"
    hashed = world.hasher.hashed
    await logged_in(world)
    assert world.hasher.hashed == hashed


async def test_a_session_starts_when_the_user_is_locked_and_not_before_the_password_is_hashed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = await registered(world)
    hash_password, world.hasher.effort = world.hasher.hash, 2

    async def hash_slowly(password: str) -> str:
        world.clock.time += timedelta(seconds=10)
        return await hash_password(password)

    monkeypatch.setattr(world.hasher, "hash", hash_slowly)
    login = await logged_in(world)

    (session,) = await world.sessions.list_sessions(acting(kim.id))
    assert session.created_at == login.user.updated_at == world.clock.time > kim.updated_at


async def test_a_password_may_be_typed_in_any_normalization_form(world: World) -> None:
    kim = await registered(world, password=COMPOSED)
    login = await logged_in(world, password=DECOMPOSED)
    assert world.hasher.verified == 1
    await world.passwords.change(acting(kim.id), session_of(login), DECOMPOSED, "New-" + DECOMPOSED)
    await logged_in(world, password="New-" + COMPOSED)
    assert (await world.users.get(AN_ADMIN, kim.id)).version == 2
    await world.accounts.erase(acting(kim.id), "New-" + DECOMPOSED)


async def test_a_hash_of_a_password_that_was_not_normalized_is_accepted_and_replaced(world: World) -> None:
    kim = await registered(world)
    async with world.storage.unit_of_work() as uow:
        await uow.users.save(kim.with_password(f"1:{DECOMPOSED}", at=kim.updated_at))
        await uow.commit()
    with pytest.raises(InvalidCredentials):
        await logged_in(world, password=COMPOSED)

    await logged_in(world, password=DECOMPOSED)
    assert (await world.users.get(AN_ADMIN, kim.id)).password_hash == f"1:{COMPOSED}"
    await logged_in(world, password=COMPOSED)
    await logged_in(world, password=DECOMPOSED)
    assert (await world.users.get(AN_ADMIN, kim.id)).version == 3


async def test_concurrent_logins_all_succeed_while_the_password_is_rehashed(world: World) -> None:
    kim = await registered(world)
    world.hasher.effort = 2
    await asyncio.gather(*(logged_in(world) for _ in range(10)))

    assert len(await world.sessions.list_sessions(acting(kim.id))) == 10
    assert (await world.users.get(AN_ADMIN, kim.id)).version == 2


async def test_a_refresh_replaces_both_tokens_and_keeps_the_session(world: World, clock: SettableClock) -> None:
    kim = await registered(world)
    first = await logged_in(world)
    clock.time += timedelta(days=1)
    second = await world.sessions.refresh(first.refresh_token.text)

    assert session_of(second) == session_of(first)
    assert second.refresh_token != first.refresh_token
    assert (await world.sessions.authenticate(second.access_token.text)).session_id == session_of(first)
    (session,) = await world.sessions.list_sessions(acting(kim.id))
    assert (session.last_used_at, session.expires_at) == (clock.time, session.created_at + LIFETIME)


async def test_reusing_a_refresh_token_ends_its_session(world: World) -> None:
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


async def test_a_made_up_refresh_token_changes_nothing(world: World) -> None:
    kim = await registered(world)
    login = await world.sessions.refresh((await logged_in(world)).refresh_token.text)
    before = await world.sessions.list_sessions(acting(kim.id))
    for secret in (bytes(32), b"\xff" * 32, login.refresh_token.hash, login.refresh_token.secret[::-1]):
        made_up = replace(login.refresh_token, secret=secret)
        with pytest.raises(InvalidToken) as error:
            await world.sessions.refresh(made_up.text)
        assert not isinstance(error.value, RefreshTokenReused)

    assert await world.sessions.list_sessions(acting(kim.id)) == before
    assert await world.sessions.authenticate(login.access_token.text)
    assert await world.sessions.refresh(login.refresh_token.text)


async def test_a_token_that_was_replaced_long_ago_ends_the_session(world: World) -> None:
    kim = await registered(world)
    login = first = await logged_in(world)
    for _ in range(5):
        login = await world.sessions.refresh(login.refresh_token.text)
    with pytest.raises(RefreshTokenReused):
        await world.sessions.refresh(first.refresh_token.text)

    assert await world.sessions.list_sessions(acting(kim.id)) == []


async def test_a_login_above_the_limit_ends_the_oldest_session(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "MAX_PER_USER", 3)
    kim = await registered(world)
    lee = await registered(world, "lee")
    other = await logged_in(world, "lee")
    logins = [await logged_in(world) for _ in range(3)]
    assert await world.sessions.authenticate(logins[0].access_token.text)
    assert "oldest_sessions_ended" not in world.audit.names
    logins.append(await logged_in(world))

    kept = [session.id for session in await world.sessions.list_sessions(acting(kim.id))]
    assert kept == [session_of(login) for login in logins[:0:-1]]
    assert "oldest_sessions_ended" in world.audit.names
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(logins[0].access_token.text)
    assert (await world.sessions.authenticate(other.access_token.text)).actor.user_id == lee.id


@pytest.mark.parametrize("is_used", [False, True], ids=["unused token", "used token"])
async def test_concurrent_uses_of_a_refresh_token_succeed_at_most_once_and_end_the_session(
    world: World, is_used: bool
) -> None:
    kim = await registered(world)
    login = await logged_in(world)
    if is_used:
        await world.sessions.refresh(login.refresh_token.text)

    uses = (world.sessions.refresh(login.refresh_token.text) for _ in range(20))
    outcomes = await asyncio.gather(*uses, return_exceptions=True)

    assert [outcome for outcome in outcomes if not isinstance(outcome, IssuedTokens | InvalidToken)] == []
    assert sum(isinstance(outcome, IssuedTokens) for outcome in outcomes) <= (0 if is_used else 1)
    assert await world.sessions.list_sessions(acting(kim.id)) == []
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(login.access_token.text)


async def test_a_session_revoked_during_a_refresh_stays_revoked(world: World) -> None:
    kim = await registered(world)
    for _ in range(10):
        login = await logged_in(world)
        ended, refreshed = await asyncio.gather(
            world.sessions.revoke_all(acting(kim.id)),
            world.sessions.refresh(login.refresh_token.text),
            return_exceptions=True,
        )
        assert ended is None
        assert isinstance(refreshed, IssuedTokens | InvalidToken)
        assert await world.sessions.list_sessions(acting(kim.id)) == []


async def test_refreshing_does_not_extend_the_lifetime_of_a_session(world: World, clock: SettableClock) -> None:
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
    assert await world.sessions.list_sessions(acting(kim.id)) == []


async def test_revoking_a_session_keeps_the_other_sessions(world: World) -> None:
    kim = await registered(world)
    ended, other = await logged_in(world), await logged_in(world)
    await world.sessions.revoke(acting(kim.id), session_of(ended))
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(ended.access_token.text)
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(ended.refresh_token.text)
    with pytest.raises(SessionNotFound):
        await world.sessions.revoke(acting(kim.id), session_of(ended))
    assert await world.sessions.authenticate(other.access_token.text)

    await world.sessions.revoke_all(acting(kim.id))
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(other.access_token.text)


async def test_a_session_of_another_user_cannot_be_revoked(world: World) -> None:
    await registered(world)
    lee = await registered(world, "lee")
    login = await logged_in(world)
    with pytest.raises(SessionNotFound):
        await world.sessions.revoke(acting(lee.id), session_of(login))
    await world.sessions.revoke_all(acting(lee.id))

    assert await world.sessions.authenticate(login.access_token.text)


@pytest.mark.parametrize("text", ["", "x", "\ud800", "x" * 86, "A" * 85, "A" * 87, "=" * 86])
async def test_a_malformed_refresh_token_is_refused(world: World, storage: InMemoryStorage, text: str) -> None:
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(text)
