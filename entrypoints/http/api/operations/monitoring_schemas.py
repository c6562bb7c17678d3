from dataclasses import dataclass
from typing import Literal

from application.jobs.ports import FailureCounts, JobCounts
from application.operations.health import CheckResult, Health, HealthReport


@dataclass(slots=True)
class HealthView:
    status: Literal["healthy"]


@dataclass(slots=True)
class CheckView:
    status: Health
    latency_ms: float

    @classmethod
    def of(cls, result: CheckResult) -> "CheckView":
        return cls(result.status, round(result.latency * 1000, 2))


@dataclass(slots=True)
class JobFailuresView:
    retried: int
    dead: int

    @classmethod
    def of(cls, counts: FailureCounts) -> "JobFailuresView":
        return cls(counts.retried, counts.dead)


@dataclass(slots=True)
class JobsView:
    due: int
    waiting: int
    dead: int
    oldest_due_seconds: float
    failures: dict[str, JobFailuresView]

    @classmethod
    def of(cls, counts: JobCounts) -> "JobsView":
        failures = {kind: JobFailuresView.of(each) for kind, each in counts.failures.items()}
        return cls(counts.due, counts.waiting, counts.dead, round(counts.oldest_due.total_seconds(), 2), failures)


@dataclass(slots=True)
class ReadinessView:
    status: Health
    version: str
    checks: dict[str, CheckView]
    jobs: JobsView | None

    @classmethod
    def of(cls, report: HealthReport, version: str) -> "ReadinessView":
        checks = {name: CheckView.of(result) for name, result in report.checks.items()}
        return cls(report.status, version, checks, None if report.jobs is None else JobsView.of(report.jobs))
