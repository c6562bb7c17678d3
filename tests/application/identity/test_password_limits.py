"""Limits of wrong passwords: for an account and an address, and for an account from all addresses."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import pytest

from adapters.memory.storage import InMemoryStorage
from application.identity.sessions import ClientInfo, IssuedTokens
from application.platform.rate_limits import RateLimit, RateLimited, RateLimits
from domain.errors import InvalidCredentials, WrongPassword
from domain.identity.user import User
from tests.support.accounts import OTHER, PASSWORD, registered, session_of
from tests.support.builders import acting
from tests.support.stubs import SettableClock
from tests.support.world import LIFETIME, World

PER_ADDRESS: Final = 3
PER_ACCOUNT: Final = 10
HOME: Final = "2001:db8:0:1::1"
SAME_NETWORK: Final = "2001:db8:0:1:ffff::2"
EMAIL_CHANGES: Final = 2
LIMITS: Final = RateLimits(
    login=RateLimit("login", PER_ADDRESS, 60),
    failed_login=RateLimit("failed-login", PER_ACCOUNT, 3600),
    email_change=RateLimit("email-change", EMAIL_CHANGES, 3600),
)


@pytest.fixture
def world(storage: InMemoryStorage, clock: SettableClock) -> World:
    return World(storage, clock, rate_limits=LIMITS)


async def log_in(world: World, name: str = "kim", password: str = PASSWORD, address: str = HOME) -> IssuedTokens:
    return await world.sessions.log_in(name, password, ClientInfo("Browser", address))


async def attack(world: World, name: str = "kim", *, guesses: int = PER_ACCOUNT) -> list[type[Exception]]:
    """Return the errors of wrong logins, each from another address."""
    errors: list[type[Exception]] = []
    for n in range(guesses):
        with pytest.raises((InvalidCredentials, RateLimited)) as raised:
            await log_in(world, name, OTHER, f"198.51.100.{n}")
        errors.append(raised.type)
    return errors


async def test_a_distributed_attack_is_limited_and_does_not_lock_out_known_addresses(world: World) -> None:
    await registered(world)
    await log_in(world)
    assert await attack(world, guesses=PER_ACCOUNT + 3) == [InvalidCredentials] * PER_ACCOUNT + [RateLimited] * 3

    for stranger in ("198.51.100.200", "2001:db8:0:2::1"):
        with pytest.raises(RateLimited):
            await log_in(world, address=stranger)
    for address in (HOME, SAME_NETWORK):
        for _ in range(PER_ADDRESS + 1):
            await log_in(world, address=address)
    for _ in range(PER_ADDRESS):
        with pytest.raises(InvalidCredentials):
            await log_in(world, password=OTHER)
    with pytest.raises(RateLimited):
        await log_in(world, address=SAME_NETWORK)


async def test_an_address_is_known_only_while_its_session_lives(world: World, clock: SettableClock) -> None:
    kim, lee = await registered(world), await registered(world, "lee")
    await log_in(world, "lee")
    await attack(world)
    with pytest.raises(RateLimited):
        await log_in(world)
    clock.time += timedelta(hours=1)
    await log_in(world)
    clock.time += LIFETIME
    await attack(world)
    with pytest.raises(RateLimited):
        await log_in(world)
    clock.time += timedelta(hours=1)
    await log_in(world)
    await world.sessions.revoke_all(acting(kim.id))
    await attack(world)
    with pytest.raises(RateLimited):
        await log_in(world)
    await log_in(world, "lee")
    assert len(await world.sessions.list_sessions(acting(lee.id))) == 1


async def test_an_unknown_account_is_limited_like_a_known_one(world: World) -> None:
    await registered(world)
    await registered(world, "off", is_active=False)
    known, unknown, inactive = [await attack(world, name, guesses=PER_ACCOUNT + 2) for name in ("kim", "who", "off")]
    assert known == unknown == inactive == [InvalidCredentials] * PER_ACCOUNT + [RateLimited] * 2

    for name in ("KIM", "Kim@Example.com", "WHO", "OFF"):
        with pytest.raises(RateLimited):
            await log_in(world, name)
    with pytest.raises(InvalidCredentials):
        await log_in(world, "\ud800\x00" * 1000)


async def test_parallel_wrong_guesses_do_not_pass_the_limits(world: World) -> None:
    await registered(world)
    from_one_address = (log_in(world, password=OTHER) for _ in range(20))
    await asyncio.gather(*from_one_address, return_exceptions=True)
    assert world.hasher.verified == PER_ADDRESS

    from_many = (log_in(world, password=OTHER, address=f"198.51.100.{n}") for n in range(50))
    await asyncio.gather(*from_many, return_exceptions=True)
    assert world.hasher.verified == PER_ACCOUNT


async def test_right_passwords_do_not_count(world: World) -> None:
    kim = await registered(world)
    for _ in range(2 * PER_ACCOUNT):
        login = await log_in(world)
        await world.passwords.change(acting(kim.id), session_of(login), PASSWORD, PASSWORD, HOME)
    assert await attack(world, guesses=PER_ACCOUNT) == [InvalidCredentials] * PER_ACCOUNT


CHECKS: Final[dict[str, Callable[[World, User, IssuedTokens], Awaitable[object]]]] = {
    "change": lambda world, kim, login: world.passwords.change(acting(kim.id), session_of(login), OTHER, OTHER, HOME),
    "erasure": lambda world, kim, _: world.accounts.erase(acting(kim.id), OTHER, HOME),
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
async def test_wrong_current_passwords_count_as_failed_logins(
    world: World, clock: SettableClock, check: Callable[[World, User, IssuedTokens], Awaitable[object]]
) -> None:
    kim = await registered(world)
    login = await log_in(world, address="198.51.100.200")
    for _ in range(PER_ADDRESS):
        with pytest.raises(WrongPassword):
            await check(world, kim, login)
    for refused in (check(world, kim, login), log_in(world)):
        with pytest.raises(RateLimited):
            await refused
    await log_in(world, address="192.0.2.1")

    clock.time += timedelta(minutes=1)
    await attack(world, guesses=PER_ACCOUNT - PER_ADDRESS)
    with pytest.raises(RateLimited):
        await check(world, kim, login)


async def test_a_guess_that_could_not_be_verified_does_not_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await registered(world)
    with monkeypatch.context() as patched:
        patched.setattr(world.hasher, "verify", None)
        for _ in range(PER_ACCOUNT):
            with pytest.raises(TypeError):
                await log_in(world)
    await log_in(world)


async def test_a_reset_ends_the_lock_of_the_account(world: World) -> None:
    await registered(world)
    await world.passwords.request_reset("kim@example.com")
    await world.work()
    await attack(world)
    with pytest.raises(RateLimited):
        await log_in(world)

    await world.passwords.reset(world.mailbox.reset_tokens[-1], OTHER)
    await log_in(world, password=OTHER)


async def test_one_account_does_not_flood_a_mailbox_by_changes_of_its_email_address(world: World) -> None:
    kim, lee = await registered(world), await registered(world, "lee")

    async def change(user: User, email: str, password: str | None = PASSWORD) -> None:
        await world.users.edit(acting(user.id), user.id, current_password=password, address=HOME, email=email)

    for n in range(PER_ADDRESS):
        with pytest.raises(WrongPassword):
            await change(kim, f"kim{n}@example.com", OTHER)  # a stolen token does not use up the changes
    world.clock.time += timedelta(minutes=1)
    for n in range(EMAIL_CHANGES):
        await change(kim, f"kim{n}@example.com")
    with pytest.raises(RateLimited):
        await change(kim, "victim@example.com")
    await world.users.edit(acting(kim.id), kim.id, timezone="Europe/Berlin")
    await change(lee, "victim@example.com")
