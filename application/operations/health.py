import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Final, Protocol, Self

from application.jobs.ports import JobCounts


class HealthCheck(Protocol):
    """A dependency that can be checked."""

    async def check(self) -> None:
        """Raise any exception if the dependency does not work."""
        ...


class HealthMonitor(Protocol):
    """Receives the changes of dependencies between working and failing."""

    def dependency_failed(self, name: str, error: Exception) -> None:
        """Called when a dependency fails that worked before, or fails for another reason."""
        ...

    def dependency_recovered(self, name: str) -> None:
        """Called when a dependency works again."""
        ...


TIMEOUT: Final = 1.0
"""Seconds for each check. A dependency that takes longer counts as failed."""
COUNT_TIMEOUT: Final = 0.2
"""Seconds that a report waits for the state of the job queue after the checks."""
MAX_REASON: Final = 300
"""Characters of a reason."""


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
    """The health of the service, the results of all checks by name, and the state of the job queue."""

    status: Health
    checks: Mapping[str, CheckResult]
    jobs: JobCounts | None
    """None if they could not be counted in time. They do not affect the health of this process."""


class HealthService:
    """Report whether this process should receive requests.

    The process is unhealthy while a critical dependency fails or while it shuts down, and degraded while only an
    optional dependency fails. Concurrent reports share one running check of each dependency.
    """

    def __init__(
        self,
        critical: Mapping[str, HealthCheck],
        optional: Mapping[str, HealthCheck],
        count_jobs: Callable[[], Awaitable[JobCounts]],
        monitor: HealthMonitor,
    ) -> None:
        self._monitor = monitor
        self._checks = {**critical, **optional}
        self._count_jobs = count_jobs
        self._status_on_failure = {
            name: Health.UNHEALTHY if name in critical else Health.DEGRADED for name in self._checks
        }
        self._running: dict[str, asyncio.Task[CheckResult]] = {}
        self._counting: asyncio.Task[JobCounts | None] | None = None
        self._failures: dict[str, type[BaseException]] = {}
        self._is_draining = False

    def drain(self) -> None:
        """Report unhealthy from now on, so that load balancers stop sending requests."""
        self._is_draining = True

    def start_checks(self) -> None:
        """Check all dependencies in the background, so that the monitor receives failures before the first report."""
        for name in self._checks:
            self._start_or_join(name)

    async def report(self) -> HealthReport:
        """Check all dependencies. Takes little more than TIMEOUT, even if a dependency hangs."""
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())
        counting = self._counting
        results = await self.check()
        await asyncio.wait([counting], timeout=COUNT_TIMEOUT)
        worst = max((result.status for result in results.values()), key=list(Health).index)
        jobs = counting.result() if counting.done() else None
        return HealthReport(Health.UNHEALTHY if self._is_draining else worst, results, jobs)

    async def check(self) -> dict[str, CheckResult]:
        """Check all dependencies. A check that takes longer than TIMEOUT has failed."""
        running = {name: self._start_or_join(name) for name in self._checks}
        await asyncio.wait(running.values(), timeout=TIMEOUT)
        return {
            name: check.result() if check.done() else CheckResult(self._status_on_failure[name], TIMEOUT)
            for name, check in running.items()
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel running checks."""
        running = [task for task in (*self._running.values(), self._counting) if task is not None]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=TIMEOUT)

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
        except Exception as error:
            status = self._status_on_failure[name]
            self._record_failure(name, error)
        else:
            if self._failures.pop(name, None):
                self._monitor.dependency_recovered(name)
        return CheckResult(status, perf_counter() - started_at)

    async def _count(self) -> JobCounts | None:
        try:
            return await self._count_jobs()
        except Exception:  # the checks report what does not work
            return None

    def _record_failure(self, name: str, error: Exception) -> None:
        """Report a failure, unless the last check failed for the same reason: probes repeat it every few seconds."""
        reason = type(root_cause(error))
        if self._failures.get(name) is not reason:
            self._failures[name] = reason
            self._monitor.dependency_failed(name, error)


def root_cause(error: BaseException) -> BaseException:
    """Return the error that the others were raised from."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def reason_of(error: BaseException) -> str:
    """Return the messages of an error and of its causes in one line. Adapters put no secrets into them."""
    messages: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        message = " ".join(str(cause).split()) or type(cause).__name__
        if not any(message in earlier for earlier in messages):
            messages.append(message)
        cause = cause.__cause__
    return ": ".join(messages)[:MAX_REASON]
