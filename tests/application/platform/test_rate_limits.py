from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from adapters.process.rate_limiter import InProcessRateLimiter
from application.platform.events import Event
from application.platform.rate_limits import (
    RateLimit,
    RateLimited,
    RateLimitReached,
    RateLimits,
    RateLimitService,
    RateWindow,
)
from tests.support.builders import ANN, BEN
from tests.support.stubs import SettableClock


@pytest.fixture
def recorded() -> list[Event]:
    return []


@pytest.fixture
def rate_limits(clock: SettableClock, recorded: list[Event]) -> RateLimitService:
    async def record(event: Event) -> None:
        recorded.append(event)

    limits = RateLimits(
        read=RateLimit("read", 3, 60),
        write=RateLimit("write", 2, 60),
        login=RateLimit("login", 2, 60),
        failed_login=RateLimit("failed-login", 3, 3600),
        register=RateLimit("register", 1, 3600),
    )
    return RateLimitService(InProcessRateLimiter(), limits, record, clock)


async def never_record(event: Event) -> None:
    raise AssertionError(event)


async def never() -> bool:
    return False


async def always() -> bool:
    return True


async def counted(hit: Awaitable[RateWindow | None]) -> RateWindow:
    window = await hit
    assert window is not None
    return window


async def test_without_limits_nothing_is_counted(clock: SettableClock) -> None:
    rate_limits = RateLimitService(InProcessRateLimiter(), RateLimits(), never_record, clock)
    for hit in (rate_limits.read, rate_limits.write, rate_limits.login, rate_limits.register):
        assert [await hit("ann") for _ in range(100)] == [None] * 100
    for _ in range(200):
        await rate_limits.refund(await rate_limits.guess("ann", "192.0.2.1", never))


async def test_requests_over_the_limit_are_refused(rate_limits: RateLimitService, clock: SettableClock) -> None:
    clock.time = datetime(2026, 3, 4, 12, 0, 59, 999_999, tzinfo=UTC)
    remaining = [(await counted(rate_limits.read("ann"))).remaining for _ in range(3)]
    assert remaining == [2, 1, 0]
    with pytest.raises(RateLimited) as raised:
        await rate_limits.read("ann")

    window = raised.value.window
    assert (window.count, window.remaining, window.resets_in, window.is_exceeded) == (4, 0, 1, True)
    assert raised.value.code == "RATE_LIMITED"


async def test_requests_are_allowed_in_the_next_window(rate_limits: RateLimitService, clock: SettableClock) -> None:
    for _ in range(3):
        for _ in range(2):
            await rate_limits.write("ann")
        for _ in range(3):
            with pytest.raises(RateLimited):
                await rate_limits.write("ann")
        clock.time += timedelta(seconds=60)


async def test_limits_and_clients_are_counted_separately(rate_limits: RateLimitService) -> None:
    await rate_limits.register("192.0.2.1")
    with pytest.raises(RateLimited):
        await rate_limits.register("192.0.2.1")

    assert (await counted(rate_limits.register("192.0.2.2"))).count == 1
    assert (await counted(rate_limits.login("192.0.2.1"))).count == 1
    assert (await counted(rate_limits.write("192.0.2.1"))).count == 1
    assert (await counted(rate_limits.read("192.0.2.1"))).resets_in == 60


async def test_an_ipv6_network_is_one_client(rate_limits: RateLimitService) -> None:
    await rate_limits.login("2001:db8::1")
    await rate_limits.login("[2001:DB8:0:0:ffff::2]:80")
    with pytest.raises(RateLimited):
        await rate_limits.login("2001:db8::3%eth0")
    await rate_limits.register("::ffff:192.0.2.1")
    with pytest.raises(RateLimited):
        await rate_limits.register("192.0.2.1:443")

    assert (await counted(rate_limits.login("2001:db8:0:1::1"))).count == 1


async def test_wrong_passwords_are_limited_for_an_address_and_for_all_addresses_together(
    rate_limits: RateLimitService, clock: SettableClock
) -> None:
    for _ in range(2):
        await rate_limits.guess("ann", "192.0.2.1", never)
    for is_known in (never, always):
        with pytest.raises(RateLimited) as raised:
            await rate_limits.guess("ann", "192.0.2.1", is_known)
        assert raised.value.window.limit.name == "login"
    await rate_limits.guess("ann", "192.0.2.2", never)
    with pytest.raises(RateLimited) as raised:
        await rate_limits.guess("ann", "192.0.2.3", never)
    assert raised.value.window.limit.name == "failed-login"
    await rate_limits.guess("ann", "192.0.2.4", always)
    await rate_limits.guess("ben", "192.0.2.3", never)

    clock.time += timedelta(hours=1)
    await rate_limits.guess("ann", "192.0.2.3", never)


async def test_a_refunded_guess_does_not_count(rate_limits: RateLimitService, clock: SettableClock) -> None:
    for _ in range(10):
        guess = await rate_limits.guess("ann", "192.0.2.1", never)
        clock.time += timedelta(seconds=1)
        await rate_limits.refund(guess)
    assert (await counted(rate_limits.login("192.0.2.1"))).count == 1


async def test_an_exceeded_limit_is_audited_once_per_window(
    rate_limits: RateLimitService, clock: SettableClock, recorded: list[Event]
) -> None:
    for _ in range(2):
        for _ in range(5):
            with suppress(RateLimited):
                await rate_limits.login("192.0.2.1")
        clock.time += timedelta(seconds=60)

    assert recorded == [RateLimitReached("login", None, None, "192.0.2.1")] * 2


async def test_an_exceeded_limit_is_audited_with_account_and_address(
    rate_limits: RateLimitService, recorded: list[Event]
) -> None:
    for number in range(4):
        with suppress(RateLimited):
            await rate_limits.guess("ann", f"192.0.2.{number}", never, user_id=ANN)
        with suppress(RateLimited):
            await rate_limits.read(f"user:{BEN}", BEN)

    assert recorded == [
        RateLimitReached("failed-login", None, ANN, "192.0.2.3"),
        RateLimitReached("read", BEN, BEN, None),
    ]
