import asyncio
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from adapters.metrics.samples import Gauge, Samples, StorageGauges

TIMEOUT: Final = 1.2
"""Seconds for reading the gauges, longer than a health check takes. The scrape omits those without a result in time."""
MAX_AGE: Final = 1.0
"""Seconds for which a result is reused, because anyone may scrape at any rate."""

Result = list[tuple[Gauge, Samples]]


class StorageGaugeCollector:
    """A Prometheus collector of storage gauges.

    One read runs at a time. A slow read is not cancelled: a cancelled query might keep its connection.
    """

    def __init__(self, gauges: Sequence[StorageGauges]) -> None:
        self._gauges = gauges
        self._result: Result = []
        self._read_at = float("-inf")
        self._found: Result = []
        self._reading: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        if not self._gauges or monotonic() - self._read_at < MAX_AGE:
            return
        if self._reading is None or self._reading.done():
            self._found = []
            self._reading = asyncio.create_task(self._read(self._found))
        await asyncio.wait([self._reading], timeout=TIMEOUT)
        self._result = list(self._found)
        self._read_at = monotonic()

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading], timeout=TIMEOUT)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge, samples in self._result:
            family = GaugeMetricFamily(gauge.name, gauge.documentation, labels=gauge.labels)
            for labels, value in samples.items():
                family.add_metric(labels, value)
            yield family

    async def _read(self, found: Result) -> None:
        for group in self._gauges:
            try:
                found += zip(group.gauges, await group.read(), strict=True)
            except Exception:  # noqa: S112 - gauges that cannot be read are omitted
                continue
