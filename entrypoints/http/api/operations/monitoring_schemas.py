from dataclasses import dataclass
from typing import Literal

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
class ReadinessView:
    status: Health
    version: str
    checks: dict[str, CheckView]

    @classmethod
    def of(cls, report: HealthReport, version: str) -> "ReadinessView":
        return cls(report.status, version, {name: CheckView.of(result) for name, result in report.checks.items()})
