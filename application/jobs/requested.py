from collections.abc import Callable

from application.jobs.ports import Job, JobId, JobUnitOfWork
from application.platform.retry import read
from domain.identity.actor import Actor


class RequestedJobService:
    """Show users the jobs that their requests queued."""

    def __init__(self, unit_of_work: Callable[[], JobUnitOfWork]) -> None:
        self._unit_of_work = unit_of_work

    async def get(self, actor: Actor, job_id: JobId) -> Job:
        """Return a job that a request of the actor queued.

        Raises:
            JobNotFound: No request of the actor queued such a job, or it ended long ago.
        """

        async def find(uow: JobUnitOfWork) -> Job:
            return await uow.jobs.get_requested(job_id, requester_id=actor.user_id)

        return await read(self._unit_of_work, find)
