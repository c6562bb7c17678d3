from collections.abc import Callable
from datetime import timedelta
from typing import Final

from application.identity.removal import purge_job
from application.jobs.ports import Job
from application.platform.clock import Clock
from application.platform.retry import retried
from application.storage import UnitOfWork

EXPIRY: Final = "expiry"
EXPIRY_INTERVAL: Final = timedelta(hours=1)
DEAD_JOB_MAX_AGE: Final = timedelta(days=30)
"""Dead jobs are deleted after this time, because their errors may contain personal data of deleted users."""
FINISHED_JOB_MAX_AGE: Final = timedelta(hours=24)
"""Finished jobs are deleted after this time. Users can see their results until then."""
BATCH_SIZE = 1000
"""Rows of each kind per transaction, so that transactions stay short."""


class ExpiredDataRemover:
    """Delete what expires: sessions, reset tokens, stored responses, jobs, security events, data of removed users."""

    def __init__(self, unit_of_work: Callable[[], UnitOfWork], clock: Clock, audit_age: timedelta) -> None:
        """Create the remover.

        Args:
            unit_of_work: Opens a unit of work.
            clock: The current time.
            audit_age: How long security events are kept.
        """
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit_age = audit_age

    async def remove(self, job: Job) -> None:
        """Delete everything that has expired, batch by batch. Handles the job EXPIRY."""
        while await self._remove_batch():
            pass
        await self._queue_missing_purges()

    @retried
    async def _queue_missing_purges(self) -> None:
        """Queue a job for each removed user who has none: it was discarded, or dead for DEAD_JOB_MAX_AGE."""
        async with self._unit_of_work() as uow:
            removed = await uow.users.find_removed(limit=BATCH_SIZE)
            await uow.jobs.add(*map(purge_job, removed))
            await uow.commit()

    @retried
    async def _remove_batch(self) -> bool:
        """Delete one batch. Return whether more rows may have expired."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            removed = (
                await uow.sessions.remove_expired(now, limit=BATCH_SIZE),
                await uow.reset_tokens.remove_outdated(now, limit=BATCH_SIZE),
                await uow.idempotency.remove_expired(now, limit=BATCH_SIZE),
                await uow.jobs.remove_dead(now - DEAD_JOB_MAX_AGE, limit=BATCH_SIZE),
                await uow.jobs.remove_finished(now - FINISHED_JOB_MAX_AGE, limit=BATCH_SIZE),
                await uow.audit_events.remove_old(now - self._audit_age, limit=BATCH_SIZE),
            )
            await uow.commit()
        return BATCH_SIZE in removed
