import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from adapters.metrics.census import Counted
from adapters.metrics.shared import Shared
from application.platform.metrics import Census, Meter

NO_ROUTE: Final = "none"

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()  # type: ignore[no-untyped-call]

REFRESH: Final = 1.0
"""Seconds between two readings of the meters, where another process may be the one that is asked."""


class PrometheusMetrics:
    """Where PROMETHEUS_MULTIPROC_DIR is set as the process starts, processes share that directory, and each tells
    of all: counts of those that ended stay, levels go with them."""

    def __init__(self, meters: Sequence[Meter], censuses: Sequence[Census] = ()) -> None:
        shared = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self._directory = Path(shared) if shared else None
        self._registry = CollectorRegistry()
        self._in_flight = self._gauge("http_requests_in_flight", "Requests that are being answered.")
        self._requests = Counter(
            "http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "From the head of a request to the end of its answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._answered: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}
        self._counted = Counted(censuses)
        self._meters = [self._metered(meter) for meter in meters]
        self._refreshing: asyncio.Task[None] | None = None

    def request_began(self) -> None:
        self._in_flight.inc()

    def request_ended(self, method: str, route: str | None, status: int, seconds: float) -> None:
        self._in_flight.dec()
        key = (method, route, status)
        answered = self._answered.get(key)
        if answered is None:
            labels = (method, route or NO_ROUTE)
            answered = (self._requests.labels(*labels, str(status)), self._durations.labels(*labels))
            self._answered[key] = answered
        requests, durations = answered
        requests.inc()
        durations.observe(seconds)

    async def open(self) -> None:
        if self._directory is not None:
            self._refreshing = asyncio.create_task(self._keep_refreshing())

    async def close(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])
        await self._counted.close()

    async def exposed(self) -> bytes:
        self._refresh()
        await self._counted.refresh()
        registry = CollectorRegistry()
        registry.register(self._counted)
        if self._directory is None:
            return generate_latest(self._registry) + generate_latest(registry)
        registry.register(Shared(self._directory))
        return await asyncio.to_thread(generate_latest, registry)

    def _gauge(self, name: str, meaning: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry, multiprocess_mode="livesum")

    def _metered(self, meter: Meter) -> "MeteredGauge | MeteredCounter":
        if meter.is_count:
            return MeteredCounter(meter, Counter(meter.name, meter.meaning, meter.labels, registry=self._registry))
        return MeteredGauge(meter, self._gauge(meter.name, meter.meaning, meter.labels))

    def _refresh(self) -> None:
        for metered in self._meters:
            metered.refresh()

    async def _keep_refreshing(self) -> None:
        while True:
            self._refresh()
            await asyncio.sleep(REFRESH)


class MeteredGauge:
    def __init__(self, meter: Meter, gauge: Gauge) -> None:
        self._meter = meter
        self._gauge = gauge

    def refresh(self) -> None:
        for labels, value in self._meter.read().items():
            (self._gauge.labels(*labels) if labels else self._gauge).set(value)


class MeteredCounter:
    def __init__(self, meter: Meter, counter: Counter) -> None:
        self._meter = meter
        self._counter = counter
        self._told: dict[tuple[str, ...], float] = {}

    def refresh(self) -> None:
        for labels, value in self._meter.read().items():
            (self._counter.labels(*labels) if labels else self._counter).inc(value - self._told.get(labels, 0))
            self._told[labels] = value
