from collections.abc import Callable
from datetime import timedelta
from typing import Final

from application.jobs.ports import Job
from application.platform.clock import Clock
from application.platform.retry import retried
from application.storage import UnitOfWork

EXPIRY: Final = "expiry"
EVERY: Final = timedelta(hours=1)
DEAD_FOR: Final = timedelta(days=30)
"""Jobs that were given up: they may tell of people who have left."""
AT_ONCE = 1000
"""Of each kind in one transaction, so that it passes quickly, however many there are."""


class Expiry:
    """Removes what nobody can use any more, or has looked after for long."""

    def __init__(self, unit_of_work: Callable[[], UnitOfWork], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def remove(self, job: Job) -> None:
        while await self._remove_some():
            pass

    @retried
    async def _remove_some(self) -> bool:
        """Whether there may be more."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            removed = (
                await uow.sessions.remove_expired(now, limit=AT_ONCE),
                await uow.reset_tokens.remove_expired(now, limit=AT_ONCE),
                await uow.idempotency.remove_expired(now, limit=AT_ONCE),
                await uow.jobs.remove_dead(now - DEAD_FOR, limit=AT_ONCE),
            )
            await uow.commit()
        return AT_ONCE in removed
