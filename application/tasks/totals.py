from hashlib import blake2b
from typing import Final

from application.platform.cache import Cache
from application.platform.metrics import Meter
from application.platform.paging import told
from application.tasks.ports import TaskUnitOfWork
from domain.identity.user import UserId
from domain.tasks.task_query import TaskCriteria

WORTH_IT: Final = 1000
"""Tasks; fewer are counted sooner than remembered."""
KEPT_FOR: Final = 3600
"""Seconds."""


class Totals:
    """How many tasks match, counted once for each revision of the owner's tasks: whoever wrote one, on whatever
    worker, has made another revision, so that what is remembered is never wrong."""

    def __init__(self, cache: Cache, worth_it: int = WORTH_IT) -> None:
        self._cache = cache
        self._worth_it = worth_it
        self._hits = self._misses = 0

    async def place_of(self, criteria: TaskCriteria, uow: TaskUnitOfWork, *, owner_id: UserId) -> str | None:
        """Where the total is remembered. None if it is known without counting, passes with time, or costs little."""
        if criteria.is_plain or criteria.overdue is not None:
            return None
        revision = await uow.tasks.revision(owner_id=owner_id)
        if revision < self._worth_it:
            return None
        return f"total/{owner_id}/{revision}/{blake2b(told(criteria), digest_size=16).hexdigest()}"

    async def find(self, place: str | None) -> int | None:
        if place is None:
            return None
        if (known := await self._cache.get(place)) is None:
            self._misses += 1
            return None
        self._hits += 1
        return int(known)

    async def remember(self, place: str | None, total: int) -> None:
        if place is not None:
            await self._cache.put(place, b"%d" % total, seconds=KEPT_FOR)

    @property
    def meters(self) -> list[Meter]:
        return [
            Meter(
                "task_manager_totals_cache_requests",
                "Questions how many of very many tasks match: known already, or counted.",
                lambda: {("hit",): self._hits, ("miss",): self._misses},
                labels=("result",),
                is_count=True,
            )
        ]
