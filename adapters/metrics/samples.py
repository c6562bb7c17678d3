"""Metrics whose values other components hold as plain numbers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

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
