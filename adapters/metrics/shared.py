import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.multiprocess import MultiProcessCollector


class Shared:
    """What all processes have written into one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        self._forget_levels_of_the_dead()
        written = [str(path) for path in self._directory.glob("*.db") if _is_begun(path)]
        found: Iterable[Metric] = MultiProcessCollector.merge(written)  # type: ignore[no-untyped-call]
        return found

    def _forget_levels_of_the_dead(self) -> None:
        """By whoever is asked, as a process that was killed can't."""
        for path in self._directory.glob("gauge_live*.db"):
            try:
                os.kill(int(path.stem.rpartition("_")[2]), 0)
            except (ProcessLookupError, PermissionError):  # gone, or its number somebody else's by now
                path.unlink(missing_ok=True)


def _is_begun(path: Path) -> bool:
    """For a moment after it was made, a file is empty, which the library takes for damage."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
