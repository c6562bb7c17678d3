"""Metrics whose values other components hold as plain numbers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Samples = Mapping[tuple[str, ...], float]
"""Values by label values, which are in the order of the metric's labels."""

Mode = Literal["livesum", "livemax"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge, or with `is_counter` a counter, whose values a component of this process holds."""

    name: str
    documentation: str
    read: Callable[[], Samples]
    labels: tuple[str, ...] = ()
    is_counter: bool = False
    mode: Mode = "livesum"
    """How the values of a gauge in several processes become one."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """The name of a gauge and of its labels."""

    name: str
    documentation: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StorageGauges:
    """Gauges that are read together, asynchronously, when the metrics are scraped.

    Their values are those of the process that responds: of the storage, or of its connections.
    """

    gauges: Sequence[Gauge]
    read: Callable[[], Awaitable[Sequence[Samples]]]
    """Return the samples in the order of the gauges."""
