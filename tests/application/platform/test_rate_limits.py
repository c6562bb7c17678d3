from datetime import UTC, datetime, timedelta

import pytest

from adapters.process.rate_limiter import InProcessRateLimiter
from application.platform.rate_limits import RateLimit, RateLimited, RateLimits, Throttle
from tests.support.stubs import AuditTrail, SettableClock


@pytest.fixture
def audit() -> AuditTrail:
    return AuditTrail()


@pytest.fixture
def throttle(clock: SettableClock, audit: AuditTrail) -> Throttle:
    limits = RateLimits(
        read=RateLimit("read", 3, 60),
        write=RateLimit("write", 2, 60),
        login=RateLimit("login", 2, 60),
        register=RateLimit("register", 1, 3600),
    )
    return Throttle(InProcessRateLimiter(), limits, audit, clock)


async def test_a_window_counts_down_and_then_refuses(throttle: Throttle, clock: SettableClock) -> None:
    clock.time = datetime(2026, 3, 4, 12, 0, 59, 999_999, tzinfo=UTC)
    remaining = [(await throttle.read("ann")).remaining for _ in range(3)]
    assert remaining == [2, 1, 0]
    with pytest.raises(RateLimited) as refusal:
        await throttle.read("ann")

    window = refusal.value.window
    assert (window.count, window.remaining, window.resets_in, window.is_exceeded) == (4, 0, 1, True)
    assert refusal.value.code == "RATE_LIMITED"


async def test_every_window_passes_by_itself(throttle: Throttle, clock: SettableClock) -> None:
    for _ in range(3):
        for _ in range(2):
            await throttle.write("ann")
        for _ in range(3):
            with pytest.raises(RateLimited):
                await throttle.write("ann")
        clock.time += timedelta(seconds=60)


async def test_limits_and_people_are_counted_apart(throttle: Throttle) -> None:
    await throttle.register("192.0.2.1")
    with pytest.raises(RateLimited):
        await throttle.register("192.0.2.1")

    assert (await throttle.register("192.0.2.2")).count == 1
    assert (await throttle.login("192.0.2.1")).count == 1
    assert (await throttle.write("192.0.2.1")).count == 1
    assert (await throttle.read("192.0.2.1")).resets_in == 60


async def test_an_account_is_one_in_any_spelling_and_from_anywhere(throttle: Throttle) -> None:
    await throttle.account("Kim")
    await throttle.account("kIM")
    with pytest.raises(RateLimited):
        await throttle.account("kim")

    assert (await throttle.account("lee")).count == 1
    assert (await throttle.login("kim")).count == 1
    assert (await throttle.account("\ud800\x00" * 1000)).count == 1


async def test_a_limit_is_told_to_the_audit_once_a_window_and_without_names(
    throttle: Throttle, clock: SettableClock, audit: AuditTrail
) -> None:
    for _ in range(2):
        for _ in range(5):
            try:
                await throttle.account("secret-typed-as-a-name")
            except RateLimited:
                continue
        clock.time += timedelta(seconds=60)

    assert audit.events == [("rate_limited", {"limit": "login"})] * 2
