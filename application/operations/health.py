import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Final, Protocol


class Check(Protocol):
    async def check(self) -> None:
        """Raises if what this stands for can't do its work."""
        ...


PATIENCE: Final = 1.0
"""Seconds for a check; what takes longer does not work."""


class Health(StrEnum):
    """From good to bad."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Finding:
    status: Health
    latency: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Report:
    status: Health
    checks: Mapping[str, Finding]


class HealthService:
    """Whether requests are welcome here: what is `vital` works, and nobody has told the process to stop.

    Without what is only `helpful` the service goes on, with less. One check of each runs at a time, however many ask.
    """

    def __init__(self, vital: Mapping[str, Check], helpful: Mapping[str, Check]) -> None:
        self._checks = {**vital, **helpful}
        self._loss = {name: Health.UNHEALTHY if name in vital else Health.DEGRADED for name in self._checks}
        self._running: dict[str, asyncio.Task[Finding]] = {}
        self._is_draining = False

    def drain(self) -> None:
        """From now on requests are welcome elsewhere."""
        self._is_draining = True

    async def report(self) -> Report:
        """In little more than PATIENCE, whatever hangs."""
        running = {name: self._begun(name) for name in self._checks}
        await asyncio.wait(running.values(), timeout=PATIENCE)
        findings = {
            name: finding.result() if finding.done() else Finding(self._loss[name], PATIENCE)
            for name, finding in running.items()
        }
        worst = max((finding.status for finding in findings.values()), key=list(Health).index)
        return Report(Health.UNHEALTHY if self._is_draining else worst, findings)

    async def close(self) -> None:
        for running in self._running.values():
            running.cancel()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=PATIENCE)

    def _begun(self, name: str) -> asyncio.Task[Finding]:
        """A check that hangs is left to its own patience: cut short, it might not give back what it holds."""
        running = self._running.get(name)
        if running is None or running.done():
            running = self._running[name] = asyncio.create_task(self._check(name))
        return running

    async def _check(self, name: str) -> Finding:
        began, status = perf_counter(), Health.HEALTHY
        try:
            await self._checks[name].check()
        except Exception:
            status = self._loss[name]
        return Finding(status, perf_counter() - began)
