from collections.abc import Callable

from application.jobs.ports import Job, JobCounts, JobId, JobUnitOfWork
from application.platform.retry import retried


class JobService:
    """Inspect the queue and manage dead jobs, for operators."""

    def __init__(self, unit_of_work: Callable[[], JobUnitOfWork]) -> None:
        self._unit_of_work = unit_of_work

    @retried
    async def counts(self) -> JobCounts:
        """Count the jobs by state."""
        async with self._unit_of_work() as uow:
            return await uow.jobs.counts()

    @retried
    async def find_dead(self, *, limit: int = 100) -> list[Job]:
        """Return up to `limit` dead jobs, the latest first."""
        async with self._unit_of_work() as uow:
            return await uow.jobs.find_dead(limit=limit)

    @retried
    async def requeue(self, job_id: JobId) -> None:
        """Run a dead job again as soon as possible.

        Raises:
            JobNotFound: There is no dead job with this id.
        """
        async with self._unit_of_work() as uow:
            await uow.jobs.requeue(job_id)
            await uow.commit()

    @retried
    async def discard(self, job_id: JobId) -> None:
        """Delete a dead job.

        Raises:
            JobNotFound: There is no dead job with this id.
        """
        async with self._unit_of_work() as uow:
            await uow.jobs.discard(job_id)
            await uow.commit()
