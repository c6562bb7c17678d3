import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from application.identity.ports import Standing
from application.platform.metrics import Meter
from domain.identity.session import SessionId
from domain.identity.user import UserId

_ROOM = 50_000
"""Sessions known at a time; then all are forgotten, and asked for again."""


class LeasedStandingCache:
    """Answers from what it read within the last `lease` seconds, in this process.

    Whoever forgets waits that long, so that afterwards no process anywhere can still answer from what it read
    before: no messages between workers, and no clocks to compare. With a lease of 0 nothing is kept; storages
    that only one process can see need not wait.
    """

    def __init__(self, lease: float, *, is_alone: bool = False) -> None:
        self._lease = lease
        self._is_alone = is_alone
        self._known: dict[SessionId, tuple[float, UserId, Standing | None]] = {}
        self._forgotten = 0
        self._asked = self._loaded = 0

    async def get(
        self, session_id: SessionId, user_id: UserId, load: Callable[[], Awaitable[Standing | None]]
    ) -> Standing | None:
        asked_at, forgotten = monotonic(), self._forgotten
        self._asked += 1
        known = self._known.get(session_id)
        if known is not None and asked_at < known[0] and known[1] == user_id:
            return known[2]
        self._loaded += 1
        standing = await load()
        if self._forgotten == forgotten:
            if len(self._known) >= _ROOM:
                self._known.clear()
            self._known[session_id] = (asked_at + self._lease, user_id, standing)
        return standing

    @property
    def meters(self) -> list[Meter]:
        return [
            Meter(
                "task_manager_standing_cache_requests",
                "Questions what a session stands for: known already, or not.",
                lambda: {("hit",): self._asked - self._loaded, ("miss",): self._loaded},
                labels=("result",),
                is_count=True,
            )
        ]

    async def forget(self, user_id: UserId) -> None:
        self._forgotten += 1
        for session_id in [key for key, (_, owner_id, _) in self._known.items() if owner_id == user_id]:
            del self._known[session_id]
        if not self._is_alone:
            await asyncio.sleep(self._lease)
