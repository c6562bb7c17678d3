from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from application.jobs.ports import Job, JobCounts, JobId, JobUnitOfWork
from application.platform.events import Event
from application.platform.retry import retried

BATCH_SIZE: Final = 500
"""Dead jobs that one transaction changes, so that workers wait for none of them for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadJobsChanged(Event):
    """The operator changed one dead job, or some of a kind."""

    job_id: JobId | None = None
    kind: str | None = None
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsRequeued(DeadJobsChanged):
    """The jobs run again."""

    name: ClassVar = "jobs_requeued"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsDiscarded(DeadJobsChanged):
    """The jobs were deleted: what they should do is not done."""

    name: ClassVar = "jobs_discarded"


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
            uow.add_event(JobsRequeued(job_id=job_id))
            await uow.commit()

    @retried
    async def discard(self, job_id: JobId) -> None:
        """Delete a dead job.

        Raises:
            JobNotFound: There is no dead job with this id.
        """
        async with self._unit_of_work() as uow:
            await uow.jobs.discard(job_id)
            uow.add_event(JobsDiscarded(job_id=job_id))
            await uow.commit()

    async def requeue_all(self, kind: str | None = None) -> int:
        """Run all dead jobs of a kind, or of all kinds, again as soon as possible. Return their number."""
        return await self._change_all(self._requeue_some, kind)

    async def discard_all(self, kind: str | None = None) -> int:
        """Delete all dead jobs of a kind, or of all kinds. Return their number."""
        return await self._change_all(self._discard_some, kind)

    async def _change_all(self, change: Callable[[str, int], Awaitable[int]], kind: str | None) -> int:
        """Change the jobs that are dead now. One that dies again meanwhile is not changed again."""
        failures = (await self.counts()).failures
        total = 0
        for each in failures if kind is None else failures.keys() & {kind}:
            left = failures[each].dead
            while left and (changed := await change(each, min(left, BATCH_SIZE))):
                left -= changed
                total += changed
        return total

    @retried
    async def _requeue_some(self, kind: str, limit: int) -> int:
        async with self._unit_of_work() as uow:
            changed = await uow.jobs.requeue_dead(kind, limit=limit)
            if changed:
                uow.add_event(JobsRequeued(kind=kind, number=changed))
            await uow.commit()
        return changed

    @retried
    async def _discard_some(self, kind: str, limit: int) -> int:
        async with self._unit_of_work() as uow:
            changed = await uow.jobs.discard_dead(kind, limit=limit)
            if changed:
                uow.add_event(JobsDiscarded(kind=kind, number=changed))
            await uow.commit()
        return changed
