"""Jobs that rename or remove a tag on more tasks than one transaction should change."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from application.jobs.ports import Job, JobId, JobMustWait
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import read, retried
from application.tasks.ports import TaskUnitOfWork
from application.tasks.recording import save_tasks
from domain.identity.user import UserId
from domain.tasks.tag import Tag
from domain.tasks.tag_change import TagChange
from domain.tasks.task import TaskId

CHANGE_TAG: Final = "change_tag"

BATCH_SIZE = 200
"""Tasks per transaction. Other writes of the owner wait for one transaction: some tens of milliseconds."""

WAIT: Final = timedelta(seconds=1)
"""Time between two looks at the jobs that must run before."""


def change_tag_job(owner_id: UserId, change: TagChange, earlier: Sequence[Job], new_id: NewId, at: datetime) -> Job:
    """Return the job that changes a tag on all tasks of the owner after the `earlier` jobs."""
    payload = {
        "tag": change.tag.name,
        "new": change.new and change.new.name,
        "after": [str(job.id) for job in earlier],
    }
    return Job(
        id=JobId(new_id()),
        kind=CHANGE_TAG,
        payload=payload,
        owner_id=owner_id,
        requester_id=owner_id,
        created_at=at,
    )


def tag_change_of(job: Job) -> TagChange:
    """Return the change that a job makes."""
    new = job.payload["new"]
    return TagChange(Tag(job.payload["tag"]), None if new is None else Tag(new))


class TagJobs:
    """Run the jobs CHANGE_TAG.

    A job ends when no task of the owner has the tag. A task that gets the tag while the job runs is changed too. After
    a failure or a kill, the job continues with the tasks that still have the tag.
    """

    def __init__(self, unit_of_work: Callable[[], TaskUnitOfWork], clock: Clock, new_id: NewId) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._new_id = new_id

    async def change(self, job: Job) -> None:
        """Change the tag on all tasks, in the order of their ids, in short transactions.

        Raises:
            JobMustWait: A job that was queued before and concerns the same tag has not ended.
        """
        owner_id, change = job.owner_id, tag_change_of(job)
        assert owner_id is not None
        await self._require_turn(job, owner_id)
        while last := await self._change_batch(owner_id, change, None):  # until a pass finds no task
            while last:
                last = await self._change_batch(owner_id, change, last)

    async def _require_turn(self, job: Job, owner_id: UserId) -> None:
        earlier = set(job.payload["after"])
        pending = await read(self._unit_of_work, lambda uow: uow.jobs.find_pending(CHANGE_TAG, requester_id=owner_id))
        if any(str(other.id) in earlier for other in pending):
            raise JobMustWait(WAIT)

    @retried
    async def _change_batch(self, owner_id: UserId, change: TagChange, after: TaskId | None) -> TaskId | None:
        """Change the next tasks. Return the id of the last one, or None if there are no more."""
        async with self._unit_of_work() as uow:
            found = await uow.tasks.with_tag(change.tag, owner_id=owner_id, limit=BATCH_SIZE, after=after)
            if not found:
                return None
            at = self._clock.now()
            edits = [(task, change.apply(task, at=at)) for task in found]
            await save_tasks(uow, edits, self._new_id, is_limited=False)  # the request has checked the limit
            await uow.commit()
        return found[-1].id
