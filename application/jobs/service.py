from collections.abc import Callable

from application.jobs.ports import Job, JobCounts, JobId, JobUnitOfWork
from application.platform.clock import Clock
from application.platform.metrics import Census, Readings
from application.platform.retry import retried


class JobService:
    """Looking after the queue, for operators."""

    def __init__(self, unit_of_work: Callable[[], JobUnitOfWork], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    @retried
    async def counts(self) -> JobCounts:
        async with self._unit_of_work() as uow:
            return await uow.jobs.counts(self._clock.now())

    @property
    def census(self) -> Census:
        async def count() -> Readings:
            counts = await self.counts()
            return {("due",): counts.due, ("waiting",): counts.waiting, ("dead",): counts.dead}

        return Census("task_manager_jobs", "Jobs in the queue.", count, labels=("state",))

    @retried
    async def dead(self, *, limit: int = 100) -> list[Job]:
        """The latest first."""
        async with self._unit_of_work() as uow:
            return await uow.jobs.dead(limit=limit)

    @retried
    async def requeue(self, job_id: JobId) -> None:
        """Raises JobNotFound."""
        async with self._unit_of_work() as uow:
            await uow.jobs.revive(job_id, self._clock.now())
            await uow.commit()

    @retried
    async def discard(self, job_id: JobId) -> None:
        """Raises JobNotFound."""
        async with self._unit_of_work() as uow:
            await uow.jobs.discard(job_id)
            await uow.commit()
