from dataclasses import asdict
from hashlib import blake2b
from typing import Final

from application.platform.cache import Cache, Lookups
from application.platform.paging import canonical_json
from application.tasks.ports import TaskUnitOfWork
from domain.identity.user import UserId
from domain.tasks.task_query import TaskCriteria

MIN_REVISION: Final = 1000
"""Owners with fewer writes to their tasks have few tasks. Counting these costs less than a cache look-up."""
MAX_AGE: Final = 3600
"""Seconds."""


class TotalCache:
    """Cache the totals of filtered task lists.

    The cache key contains the revision of the owner's tasks. Every write by any worker increments the revision,
    so that an outdated total is never returned.
    """

    def __init__(self, cache: Cache, min_revision: int = MIN_REVISION) -> None:
        self._cache = cache
        self._min_revision = min_revision
        self.lookups = Lookups()

    async def cache_key(self, criteria: TaskCriteria, uow: TaskUnitOfWork, *, owner_id: UserId) -> str | None:
        """Return the key of a total in the cache.

        Return None if the total must not be cached or need not be: storages know it without counting, it depends
        on the current time, or counting is cheap.
        """
        if criteria.has_stored_total or criteria.depends_on_time:
            return None
        revision = await uow.tasks.revision(owner_id=owner_id)
        if revision < self._min_revision:
            return None
        return f"total/{owner_id}/{revision}/{digest(criteria)}"

    async def find(self, key: str | None) -> int | None:
        """Return the cached total, or None."""
        if key is None:
            return None
        if (cached := await self._cache.get(key)) is None:
            self.lookups.misses += 1
            return None
        self.lookups.hits += 1
        return int(cached)

    async def store(self, key: str | None, total: int) -> None:
        """Cache a total for MAX_AGE seconds. A key of None stores nothing."""
        if key is not None:
            await self._cache.put(key, b"%d" % total, seconds=MAX_AGE)


def digest(criteria: TaskCriteria) -> str:
    """Return a short text that is equal for equal criteria only, in every process."""
    values = [[type(condition).__name__, asdict(condition)] for condition in criteria.conditions]
    return blake2b(canonical_json(values), digest_size=16).hexdigest()
