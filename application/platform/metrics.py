"""Operational metrics. Recording one takes microseconds, never waits and never fails."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

Samples = Mapping[tuple[str, ...], float]
"""Values by label values, which are in the order of the metric's labels."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge, or with `is_counter` a counter, whose values a component of this process holds."""

    name: str
    documentation: str
    read: Callable[[], Samples]
    labels: tuple[str, ...] = ()
    is_counter: bool = False


@dataclass(frozen=True, slots=True)
class StorageGauge:
    """A gauge that is read from the storage when the metrics are scraped. All processes return the same value."""

    name: str
    documentation: str
    read: Callable[[], Awaitable[Samples]]
    labels: tuple[str, ...]


class Metrics(Protocol):
    """Request metrics and their exposition. An adapter for StatsD or OpenTelemetry metrics would implement it too."""

    def request_started(self) -> None:
        """Count a request as in flight."""
        ...

    def request_finished(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Record a request.

        Args:
            method: One of a small set of names, because each value creates a new time series.
            route: The path template, or None if no route matched.
            status: The status code of the response.
            seconds: The time from the request line to the end of the response.
        """
        ...

    async def exposition(self) -> bytes:
        """Return the metrics of all processes of the service in the Prometheus text format 0.0.4."""
        ...

    async def open(self) -> None:
        """Start background work."""
        ...

    async def close(self) -> None:
        """Stop background work."""
        ...
