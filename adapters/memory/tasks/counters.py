from adapters.memory.engine.transaction import Staged, WriteLock
from domain.identity.user import UserId
from domain.tasks.counters import CounterChanges, CounterKey


class InMemoryTaskCounters:
    """Counters by key. Only the revision is read: totals and statistics are computed from the tasks."""

    def __init__(self, counters: Staged[CounterKey, int], lock: WriteLock) -> None:
        self._counters = counters
        self._lock = lock

    async def add(self, changes: CounterChanges) -> None:
        await self._lock.acquire()
        for counter, amount in changes.items():
            if total := (self._counters.get(counter) or 0) + amount:
                self._counters.put(counter, total)
            else:
                self._counters.drop(counter)


def drop_counters(counters: Staged[CounterKey, int], owner_id: UserId) -> None:
    for counter in [key for key in counters if key.owner_id == owner_id]:
        counters.drop(counter)
