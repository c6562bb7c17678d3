"""Session states, cached in this process for a short lease."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, NamedTuple

from cachetools import TLRUCache

from application.identity.ports import SessionState
from application.platform.cache import Lookups
from domain.identity.session import SessionId
from domain.identity.user import UserId

MAX_ENTRIES: Final = 50_000


class _Entry(NamedTuple):
    at: float
    """When the state was requested. If it is None: when it was received."""
    user_id: UserId
    state: SessionState | None


class LeasedSessionStateCache:
    """Cache the state of sessions for `lease` seconds after it was requested.

    Revocation needs no messages between workers: `invalidate` waits for one lease, so that afterwards no process can
    answer from a state that was read before. A response that confirms a revocation by an earlier request waits too,
    because that request may still wait in another process. Each process measures time with its own monotonic clock; no
    clocks are compared. With a lease of 0 nothing is cached.
    """

    def __init__(self, lease: float, *, is_single_process: bool = False) -> None:
        """Create an empty cache.

        Args:
            lease: Seconds for which a state may be reused.
            is_single_process: Whether no other process reads the same storage. Then nothing has to wait.
        """
        self._lease = lease
        self._is_single_process = is_single_process
        self._entries: TLRUCache[SessionId, _Entry] = TLRUCache(
            MAX_ENTRIES, lambda _, entry, now: entry.at + lease, monotonic
        )
        self._invalidations = 0
        self.lookups = Lookups()

    async def get(
        self, session_id: SessionId, user_id: UserId, load: Callable[[], Awaitable[SessionState | None]]
    ) -> SessionState | None:
        """Return the state of a session. Without a cached state, call `load`.

        None means that there is no such session, or that its user is inactive. It is returned when the leases of all
        older states have run out.
        """
        requested_at, invalidations = monotonic(), self._invalidations
        entry = self._entries.get(session_id)
        if entry is not None and entry.user_id == user_id:
            self.lookups.hits += 1
        else:
            self.lookups.misses += 1
            state = await load()
            entry = _Entry(monotonic() if state is None else requested_at, user_id, state)
            if self._invalidations == invalidations:  # otherwise the state may be older than the invalidation
                self._entries[session_id] = entry
        if entry.state is None:
            await self._wait(entry.at + self._lease - monotonic())
        return entry.state

    async def invalidate(self, user_id: UserId) -> None:
        """Drop all cached states of a user and wait until no process can still hold one.

        Call it after the commit of a change and before the response that confirms it.
        """
        self._invalidations += 1
        for session_id in list(self._entries):
            entry = self._entries.get(session_id)  # None if it has expired since
            if entry is not None and entry.user_id == user_id:
                self._entries.pop(session_id, None)
        await self.wait_until_current()

    async def wait_until_current(self) -> None:
        """Wait until no process uses a state that it read before the call."""
        await self._wait(self._lease)

    async def _wait(self, seconds: float) -> None:
        if not self._is_single_process:
            await asyncio.sleep(seconds)
