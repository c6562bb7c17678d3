"""The number of requests and failures, and how long the clients waited."""

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Traffic:
    """The requests of all clients."""

    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """By status or name of the exception, and method."""
    slowest: float = 0.0
    """Seconds of the slowest request."""
    longest_gap: float = 0.0
    """Longest time in seconds without a successful write."""
    _last_write_at: float | None = None

    def record(self, began_at: float, method: str, failure: str | None) -> None:
        """Count a request that ends now."""
        now = time.monotonic()
        self.requests += 1
        self.slowest = max(self.slowest, now - began_at)
        if failure is not None:
            self.failures[f"{failure} {method}"] += 1
        elif method != "GET":
            self.longest_gap = max(self.longest_gap, now - (self._last_write_at or now))
            self._last_write_at = now
