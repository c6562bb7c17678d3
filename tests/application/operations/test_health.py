import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from application.jobs.ports import JobCounts
from application.operations import health
from application.operations.health import Health, HealthService
from tests.support.stubs import RecordingHealthMonitor


@dataclass
class Dependency:
    """A dependency that works, fails or hangs."""

    error: Exception | None = None
    may_respond: asyncio.Event = field(default_factory=asyncio.Event)
    check_count: int = 0

    def __post_init__(self) -> None:
        self.may_respond.set()

    async def check(self) -> None:
        self.check_count += 1
        await self.may_respond.wait()
        if self.error is not None:
            raise self.error


def working() -> Dependency:
    return Dependency()


def failing() -> Dependency:
    return Dependency(OSError("canary"))


def hanging() -> Dependency:
    dependency = Dependency()
    dependency.may_respond.clear()
    return dependency


async def no_jobs() -> JobCounts:
    return JobCounts(0, 0, 0)


@pytest.fixture(autouse=True)
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TIMEOUT", 0.05)
    monkeypatch.setattr(health, "COUNT_TIMEOUT", 0.05)


@pytest.fixture
async def services() -> AsyncIterator[list[HealthService]]:
    """End the services that the test appends."""
    created: list[HealthService] = []
    yield created
    for service in created:
        async with service:
            pass


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
async def test_the_status_follows_the_failed_dependencies(
    database: Callable[[], Dependency],
    cache: Callable[[], Dependency],
    status: Health,
    services: list[HealthService],
) -> None:
    service = HealthService({"database": database()}, {"cache": cache()}, no_jobs, RecordingHealthMonitor())
    services.append(service)

    report = await service.report()

    assert report.status is status
    assert report.checks["database"].status is (Health.HEALTHY if database is working else Health.UNHEALTHY)
    assert report.checks["cache"].status is (Health.HEALTHY if cache is working else Health.DEGRADED)


async def test_a_hung_dependency_is_checked_once_and_recovers() -> None:
    database = hanging()
    service = HealthService({"database": database}, {}, no_jobs, RecordingHealthMonitor())

    reports = await asyncio.gather(*(service.report() for _ in range(20)))
    await service.report()

    assert {report.status for report in reports} == {Health.UNHEALTHY}
    assert database.check_count == 1
    database.may_respond.set()
    assert (await service.report()).status is Health.HEALTHY


async def test_a_draining_service_is_unhealthy() -> None:
    service = HealthService({"database": working()}, {}, no_jobs, RecordingHealthMonitor())
    service.drain()

    report = await service.report()

    assert report.status is Health.UNHEALTHY
    assert report.checks["database"].status is Health.HEALTHY


async def test_the_end_does_not_wait_for_hung_checks() -> None:
    async with (
        asyncio.timeout(1),
        HealthService({"database": hanging()}, {}, no_jobs, RecordingHealthMonitor()) as service,
    ):
        await service.report()


async def test_jobs_that_cannot_be_counted_do_not_affect_the_status() -> None:
    async def hang() -> JobCounts:
        await asyncio.Event().wait()
        raise AssertionError

    async def fail() -> JobCounts:
        raise OSError

    for count, jobs in ((hang, None), (fail, None), (no_jobs, JobCounts(0, 0, 0))):
        async with (
            asyncio.timeout(5),
            HealthService({"database": working()}, {}, count, RecordingHealthMonitor()) as service,
        ):
            report = await service.report()
        assert (report.status, report.jobs) == (Health.HEALTHY, jobs)


async def test_each_change_of_a_dependency_is_reported_once_with_its_cause() -> None:
    database, monitor = working(), RecordingHealthMonitor()
    service = HealthService({"database": database}, {}, no_jobs, monitor)
    refused, rejected = OSError("refused"), RuntimeError("no connection")
    rejected.__cause__ = PermissionError("wrong password")

    for error in (None, refused, refused, rejected, rejected, None, None, refused):
        database.error = error
        await service.report()

    assert monitor.events == [
        ("database", "refused"),
        ("database", "no connection"),
        ("database", "recovered"),
        ("database", "refused"),
    ]
