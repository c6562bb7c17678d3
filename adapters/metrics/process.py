"""The standard metrics of processes, and the build."""

import platform
from functools import partial
from importlib.metadata import version
from time import monotonic
from typing import Final

from prometheus_client import ProcessCollector

from adapters.metrics.samples import Metric, Mode, Samples

MAX_AGE: Final = 0.5
COLLECTOR: Final = ProcessCollector(registry=None)

GAUGES: Final[dict[str, tuple[str, Mode]]] = {
    "process_resident_memory_bytes": ("Memory in use by all processes of the service.", "livesum"),
    "process_open_fds": ("Open file descriptors of all processes of the service.", "livesum"),
    "process_max_fds": ("Maximum number of open file descriptors of all processes of the service.", "livesum"),
    "process_start_time_seconds": ("When the newest process of the service started, in Unix time.", "livemax"),
}


def process_metrics() -> list[Metric]:
    """Return the metrics of this process. They have no values on systems without /proc."""
    values = ProcessValues()
    return [
        Metric("task_manager_processes", "Running processes of the service, without the parent.", lambda: {(): 1}),
        Metric(
            "process_cpu_seconds",
            "CPU time of all processes.",
            partial(values.read, "process_cpu_seconds"),
            is_counter=True,
        ),
        *(
            Metric(name, documentation, partial(values.read, name), mode=mode)
            for name, (documentation, mode) in GAUGES.items()
        ),
    ]


def build_metric(revision: str) -> Metric:
    """Return a gauge whose labels describe this version. Its value is 1."""
    values = (version("task-manager"), platform.python_version(), revision)
    return Metric(
        "task_manager_build_info",
        "The version, its Python, and the revision of the schema that it needs.",
        lambda: {values: 1},
        labels=("version", "python", "revision"),
        mode="livemax",
    )


class ProcessValues:
    """Values of this process by metric. All are read together, because that lists the open files."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._read_at = float("-inf")

    def read(self, name: str) -> Samples:
        """Return the value of a metric, at most MAX_AGE seconds old."""
        if monotonic() - self._read_at > MAX_AGE:
            self._values = {family.name: family.samples[0].value for family in COLLECTOR.collect()}
            self._read_at = monotonic()
        return {(): self._values[name]} if name in self._values else {}
