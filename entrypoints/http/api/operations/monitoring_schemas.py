from dataclasses import dataclass
from typing import Literal

from application.operations.health import Finding, Health, Report


@dataclass(slots=True)
class HealthView:
    status: Literal["healthy"]


@dataclass(slots=True)
class CheckView:
    status: Health
    latency_ms: float

    @classmethod
    def of(cls, finding: Finding) -> "CheckView":
        return cls(finding.status, round(finding.latency * 1000, 2))


@dataclass(slots=True)
class ReadinessView:
    status: Health
    version: str
    checks: dict[str, CheckView]

    @classmethod
    def of(cls, report: Report, version: str) -> "ReadinessView":
        return cls(report.status, version, {name: CheckView.of(finding) for name, finding in report.checks.items()})
