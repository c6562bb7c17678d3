from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class Lookups:
    """Counts of look-ups in a cache since the start of the process, for metrics."""

    hits: int = 0
    misses: int = 0


class Cache(Protocol):
    """A cache that worker processes may share.

    Any entry may be evicted at any time, and no method fails: callers must work without the cache. An entry never
    becomes wrong, because its key contains the revision of the data that it was computed from.
    """

    async def get(self, key: str) -> bytes | None:
        """Return the cached value, or None on a cache miss."""
        ...

    async def put(self, key: str, value: bytes, *, seconds: int) -> None:
        """Cache a value for at most `seconds`."""
        ...
