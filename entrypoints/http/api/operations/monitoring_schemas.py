from dataclasses import dataclass
from typing import Literal

from application.jobs.ports import FailureCounts, JobCounts
from application.operations.health import CheckResult, Health, HealthReport


@dataclass(slots=True)
class HealthView:
    """The state of the process."""

    status: Literal["healthy"]
    """The process responds, so it is always healthy."""


@dataclass(slots=True)
class CheckView:
    """The state of one dependency."""

    status: Health
    """Whether the dependency works."""
    latency_ms: float
    """How long the check took, in milliseconds."""

    @classmethod
    def of(cls, result: CheckResult) -> "CheckView":
        return cls(result.status, round(result.latency * 1000, 2))


@dataclass(slots=True)
class JobFailuresView:
    """Failures of one kind of job."""

    retried: int
    """The number of jobs whose last attempt failed and that will be started again."""
    dead: int
    """The number of jobs that have failed for good."""

    @classmethod
    def of(cls, counts: FailureCounts) -> "JobFailuresView":
        return cls(counts.retried, counts.dead)


@dataclass(slots=True)
class JobsView:
    """The queue of background jobs."""

    due: int
    """The number of jobs that should run now."""
    waiting: int
    """The number of jobs that run later, or that a worker runs now."""
    dead: int
    """The number of jobs that have failed for good and wait for the operator."""
    oldest_due_seconds: float
    """For how many seconds the oldest due job has waited."""
    failures: dict[str, JobFailuresView]
    """The failures by kind of job."""

    @classmethod
    def of(cls, counts: JobCounts) -> "JobsView":
        failures = {kind: JobFailuresView.of(each) for kind, each in counts.failures.items()}
        return cls(counts.due, counts.waiting, counts.dead, round(counts.oldest_due.total_seconds(), 2), failures)


@dataclass(slots=True)
class ReadinessView:
    """The state of the process and of its dependencies."""

    status: Health
    """`unhealthy` if the process should get no requests, `degraded` if it works without an optional dependency."""
    version: str
    """The version of the service."""
    checks: dict[str, CheckView]
    """The state of each dependency: `database`, `cache` and `storage` (the contents of files)."""
    jobs: JobsView | None
    """The queue of background jobs. Null if it could not be counted in time."""

    @classmethod
    def of(cls, report: HealthReport, version: str) -> "ReadinessView":
        checks = {name: CheckView.of(result) for name, result in report.checks.items()}
        return cls(report.status, version, checks, None if report.jobs is None else JobsView.of(report.jobs))
