import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from application.operations import health
from application.operations.health import Health, HealthService


@dataclass
class Dependency:
    """Works, fails or hangs."""

    error: Exception | None = None
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    def __post_init__(self) -> None:
        self.answers.set()

    async def check(self) -> None:
        self.asked += 1
        await self.answers.wait()
        if self.error is not None:
            raise self.error


def working() -> Dependency:
    return Dependency()


def failing() -> Dependency:
    return Dependency(OSError("canary"))


def hanging() -> Dependency:
    dependency = Dependency()
    dependency.answers.clear()
    return dependency


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.05)


@pytest.fixture
async def closing() -> AsyncIterator[list[HealthService]]:
    services: list[HealthService] = []
    yield services
    for service in services:
        await service.close()


@pytest.mark.parametrize(
    ("database", "cache", "status"),
    [
        (working, working, Health.HEALTHY),
        (working, failing, Health.DEGRADED),
        (working, hanging, Health.DEGRADED),
        (failing, working, Health.UNHEALTHY),
        (hanging, working, Health.UNHEALTHY),
        (failing, hanging, Health.UNHEALTHY),
    ],
)
async def test_it_is_as_good_as_what_works(
    database: Callable[[], Dependency],
    cache: Callable[[], Dependency],
    status: Health,
    closing: list[HealthService],
) -> None:
    service = HealthService({"database": database()}, {"cache": cache()})
    closing.append(service)

    report = await service.report()

    assert report.status is status
    assert report.checks["database"].status is (Health.HEALTHY if database is working else Health.UNHEALTHY)
    assert report.checks["cache"].status is (Health.HEALTHY if cache is working else Health.DEGRADED)


async def test_however_many_ask_a_hung_dependency_is_asked_once_and_believed_again_when_it_answers() -> None:
    database = hanging()
    service = HealthService({"database": database}, {})

    reports = await asyncio.gather(*(service.report() for _ in range(20)))
    await service.report()

    assert {report.status for report in reports} == {Health.UNHEALTHY}
    assert database.asked == 1
    database.answers.set()
    assert (await service.report()).status is Health.HEALTHY


async def test_who_was_told_to_stop_is_no_longer_welcome_to_requests() -> None:
    service = HealthService({"database": working()}, {})
    service.drain()

    report = await service.report()

    assert report.status is Health.UNHEALTHY
    assert report.checks["database"].status is Health.HEALTHY


async def test_closing_waits_for_nothing_that_hangs() -> None:
    service = HealthService({"database": hanging()}, {})
    await service.report()

    await asyncio.wait_for(service.close(), 1)
