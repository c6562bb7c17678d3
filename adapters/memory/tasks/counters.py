from itertools import islice

from adapters.memory.engine.transaction import Staged, WriteLock
from domain.identity.user import UserId
from domain.tasks.counters import CounterAmounts, CounterChanges, CounterKey, CounterKind


class InMemoryTaskCounters:
    """Counters by key. Only the revision and the number of tags are read: totals and statistics come from the tasks."""

    def __init__(self, counters: Staged[CounterKey, int], lock: WriteLock) -> None:
        self._counters = counters
        self._lock = lock

    async def add(self, changes: CounterChanges) -> CounterAmounts:
        await self._lock.acquire()
        amounts = {counter: (self._counters.get(counter) or 0) + change for counter, change in changes.items()}
        for counter, amount in amounts.items():
            if amount:
                self._counters.put(counter, amount)
            else:
                self._counters.drop(counter)
        return amounts

    async def count_tags(self, *, owner_id: UserId, limit: int) -> int:
        tags = (key for key in self._counters if (key.owner_id, key.kind) == (owner_id, CounterKind.TAG))
        return len(list(islice(tags, limit)))


def drop_counters(counters: Staged[CounterKey, int], owner_id: UserId) -> None:
    for counter in [key for key in counters if key.owner_id == owner_id]:
        counters.drop(counter)
