from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.jobs import Job
from application.ports.storage import UnitOfWorkFactory
from application.retry import retried

EXPIRY: Final = "expiry"
EVERY: Final = timedelta(hours=1)


class Expiry:
    """Removes what nobody can use any more."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    @retried
    async def remove(self, job: Job) -> None:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            await uow.sessions.remove_expired(now)
            await uow.reset_tokens.remove_expired(now)
            await uow.idempotency.remove_expired(now)
            await uow.commit()
