import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Final, Protocol, Self


class HealthCheck(Protocol):
    """A dependency that can be checked."""

    async def check(self) -> None:
        """Raise any exception if the dependency does not work."""
        ...


TIMEOUT: Final = 1.0
"""Seconds for each check. A dependency that takes longer counts as failed."""


class Health(StrEnum):
    """Health of the service or of a dependency, from good to bad."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check."""

    status: Health
    latency: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The health of the service, and the results of all checks by name."""

    status: Health
    checks: Mapping[str, CheckResult]


class HealthService:
    """Report whether this process should receive requests.

    The process is unhealthy while a critical dependency fails or while it shuts down, and degraded while only an
    optional dependency fails. Concurrent reports share one running check of each dependency.
    """

    def __init__(self, critical: Mapping[str, HealthCheck], optional: Mapping[str, HealthCheck]) -> None:
        self._checks = {**critical, **optional}
        self._status_on_failure = {
            name: Health.UNHEALTHY if name in critical else Health.DEGRADED for name in self._checks
        }
        self._running: dict[str, asyncio.Task[CheckResult]] = {}
        self._is_draining = False

    def drain(self) -> None:
        """Report unhealthy from now on, so that load balancers stop sending requests."""
        self._is_draining = True

    async def report(self) -> HealthReport:
        """Check all dependencies. Takes little more than TIMEOUT, even if a dependency hangs."""
        running = {name: self._start_or_join(name) for name in self._checks}
        await asyncio.wait(running.values(), timeout=TIMEOUT)
        results = {
            name: check.result() if check.done() else CheckResult(self._status_on_failure[name], TIMEOUT)
            for name, check in running.items()
        }
        worst = max((result.status for result in results.values()), key=list(Health).index)
        return HealthReport(Health.UNHEALTHY if self._is_draining else worst, results)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel running checks."""
        for running in self._running.values():
            running.cancel()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=TIMEOUT)

    def _start_or_join(self, name: str) -> asyncio.Task[CheckResult]:
        """A check that hangs is not cancelled: it ends by its own timeout and then releases its connection."""
        running = self._running.get(name)
        if running is None or running.done():
            running = self._running[name] = asyncio.create_task(self._check(name))
        return running

    async def _check(self, name: str) -> CheckResult:
        started_at, status = perf_counter(), Health.HEALTHY
        try:
            await self._checks[name].check()
        except Exception:
            status = self._status_on_failure[name]
        return CheckResult(status, perf_counter() - started_at)
