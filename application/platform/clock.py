from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The current time. Tests set it; the service reads the system clock."""

    def now(self) -> datetime:
        """Return the current time: timezone-aware, in UTC, with microseconds."""
        ...
