import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.multiprocess import MultiProcessCollector


class SharedDirectoryCollector:
    """A Prometheus collector of the metrics that all processes write into one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        self._remove_gauges_of_dead_processes()
        paths = [str(path) for path in self._directory.glob("*.db") if _has_content(path)]
        metrics: Iterable[Metric] = MultiProcessCollector.merge(paths)  # type: ignore[no-untyped-call]
        return metrics

    def _remove_gauges_of_dead_processes(self) -> None:
        """Do what a killed process could not do itself."""
        for path in self._directory.glob("gauge_live*.db"):
            try:
                os.kill(int(path.stem.rpartition("_")[2]), 0)
            except (ProcessLookupError, PermissionError):  # the process ended; its id may have been reused
                path.unlink(missing_ok=True)


def _has_content(path: Path) -> bool:
    """Return whether the file is initialised. A new file is empty for a moment, and the library rejects it."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
