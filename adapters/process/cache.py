from time import monotonic
from typing import NamedTuple

from cachetools import TLRUCache


class _Entry(NamedTuple):
    value: bytes
    seconds: int


class InProcessCache:
    """A cache of this process. It evicts expired entries, then the least recently used one."""

    def __init__(self, max_entries: int = 10_000) -> None:
        self._entries: TLRUCache[str, _Entry] = TLRUCache(
            max_entries, lambda _, entry, now: now + entry.seconds, monotonic
        )

    async def get(self, key: str) -> bytes | None:
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    async def put(self, key: str, value: bytes, *, seconds: int) -> None:
        self._entries[key] = _Entry(value, seconds)
