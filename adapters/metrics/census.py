import asyncio
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from application.platform.metrics import Census, Readings

PATIENCE: Final = 1.0
"""Seconds to count; what takes longer is left out."""
FRESH: Final = 1.0
"""Seconds for which a count is told again: anybody may ask, as often as they like."""

Found = list[tuple[Census, Readings]]


class Counted:
    """What censuses found. One count runs at a time; cut short, it might not give back what it holds."""

    def __init__(self, censuses: Sequence[Census]) -> None:
        self._censuses = censuses
        self._found: Found = []
        self._counted_at = float("-inf")
        self._counting: asyncio.Task[Found] | None = None

    async def refresh(self) -> None:
        if not self._censuses or monotonic() - self._counted_at < FRESH:
            return
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())
        await asyncio.wait([self._counting], timeout=PATIENCE)
        self._found = self._counting.result() if self._counting.done() else []
        self._counted_at = monotonic()

    async def close(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.wait([self._counting], timeout=PATIENCE)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for census, readings in self._found:
            family = GaugeMetricFamily(census.name, census.meaning, labels=census.labels)
            for labels, value in readings.items():
                family.add_metric(labels, value)
            yield family

    async def _count(self) -> Found:
        found: Found = []
        for census in self._censuses:
            try:
                found.append((census, await census.count()))
            except Exception:  # noqa: S112 - of what can't be counted nothing is told
                continue
        return found
