import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Self

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from adapters.metrics.multiprocess import SharedDirectoryCollector
from adapters.metrics.samples import Metric, StorageGauges
from adapters.metrics.storage_gauges import StorageGaugeCollector

NO_ROUTE: Final = "none"

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()  # type: ignore[no-untyped-call]

REFRESH_INTERVAL: Final = 1.0
"""Seconds between two writes of this process's gauges and counters to the shared directory."""


class PrometheusMetrics:
    """Metrics in the Prometheus text format.

    If PROMETHEUS_MULTIPROC_DIR is set when the process starts, processes share that directory, and each of them
    exposes the metrics of all. Counters of ended processes remain, their gauges are removed.
    """

    def __init__(self, metrics: Sequence[Metric], storage_gauges: Sequence[StorageGauges] = ()) -> None:
        directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self._directory = Path(directory) if directory else None
        self._registry = CollectorRegistry()
        self._in_flight = self._gauge("http_requests_in_flight", "Requests that are being processed.")
        self._requests = Counter(
            "http_requests", "Processed requests.", ("method", "route", "status"), registry=self._registry
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Time from the start of a request to the end of its response.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._storage_gauges = StorageGaugeCollector(storage_gauges)
        self._updaters = [self._updater(metric) for metric in metrics]
        self._refreshing: asyncio.Task[None] | None = None

    def request_started(self) -> None:
        self._in_flight.inc()

    def request_finished(self, method: str, route: str | None, status: int, seconds: float) -> None:
        self._in_flight.dec()
        labels = (method, route or NO_ROUTE)
        self._requests.labels(*labels, str(status)).inc()
        self._durations.labels(*labels).observe(seconds)

    async def __aenter__(self) -> Self:
        if self._directory is not None:
            self._refreshing = asyncio.create_task(self._keep_refreshing())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])
        await self._storage_gauges.close()

    async def exposition(self) -> bytes:
        self._refresh()
        await self._storage_gauges.refresh()
        registry = CollectorRegistry()
        registry.register(self._storage_gauges)
        if self._directory is None:
            return generate_latest(self._registry) + generate_latest(registry)
        registry.register(SharedDirectoryCollector(self._directory))
        return await asyncio.to_thread(generate_latest, registry)

    def _gauge(
        self,
        name: str,
        documentation: str,
        labels: tuple[str, ...] = (),
        mode: Literal["livesum", "livemax"] = "livesum",
    ) -> Gauge:
        return Gauge(name, documentation, labels, registry=self._registry, multiprocess_mode=mode)

    def _updater(self, metric: Metric) -> "GaugeUpdater | CounterUpdater":
        if metric.is_counter:
            counter = Counter(metric.name, metric.documentation, metric.labels, registry=self._registry)
            return CounterUpdater(metric, counter)
        return GaugeUpdater(metric, self._gauge(metric.name, metric.documentation, metric.labels, metric.mode))

    def _refresh(self) -> None:
        for updater in self._updaters:
            updater.refresh()

    async def _keep_refreshing(self) -> None:
        while True:
            self._refresh()
            await asyncio.sleep(REFRESH_INTERVAL)


class GaugeUpdater:
    """Copy the values of a metric into a Prometheus gauge."""

    def __init__(self, metric: Metric, gauge: Gauge) -> None:
        self._metric = metric
        self._gauge = gauge

    def refresh(self) -> None:
        for labels, value in self._metric.read().items():
            (self._gauge.labels(*labels) if labels else self._gauge).set(value)


class CounterUpdater:
    """Add the increments of a metric to a Prometheus counter."""

    def __init__(self, metric: Metric, counter: Counter) -> None:
        self._metric = metric
        self._counter = counter
        self._copied: dict[tuple[str, ...], float] = {}

    def refresh(self) -> None:
        for labels, value in self._metric.read().items():
            (self._counter.labels(*labels) if labels else self._counter).inc(value - self._copied.get(labels, 0))
            self._copied[labels] = value
