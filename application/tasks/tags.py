from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from application.jobs.ports import JobId
from application.platform.access import visible_owner
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import retried
from application.tasks.ports import TaskUnitOfWork
from application.tasks.recording import save_tasks
from application.tasks.tag_jobs import CHANGE_TAG, change_tag_job, tag_change_of
from application.tasks.tag_pages import ListTags, TagPage
from domain.errors import LimitReached, TagNotFound
from domain.identity.actor import Actor
from domain.identity.user import UserId
from domain.tasks.tag import MAX_DISTINCT_TAGS, Tag, TagCount, check_distinct_tags
from domain.tasks.tag_change import TagChange
from domain.tasks.task import TaskId

ALL_TAGS: Final = ListTags()

MAX_AT_ONCE = 2_000
"""Tasks that a use case changes in its own transaction. A job does the work for more tasks."""

MAX_PENDING_JOBS = 100
"""CHANGE_TAG jobs of one user that are queued or running."""

_BATCH_SIZE = 500
"""Tasks loaded and saved together, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """The result of a use case whose work a job does."""

    job_id: JobId


class TagService:
    """List, rename and remove tags across all tasks of a user.

    A tag on more than MAX_AT_ONCE tasks is renamed or removed by a job. Changes of one user take effect in the order in
    which they were accepted: a change that depends on a job that has not ended is done by another job after it.
    """

    def __init__(self, unit_of_work: Callable[[], TaskUnitOfWork], clock: Clock, new_id: NewId) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._new_id = new_id

    @retried
    async def list(self, actor: Actor, query: ListTags = ALL_TAGS, *, owner_id: UserId | None = None) -> TagPage:
        """Return a page of the tags in use with their numbers of tasks, sorted by name.

        Raises:
            InvalidValue: The cursor is damaged or belongs to another list.
            UserNotFound: There is no such owner, or the caller may not see it.
        """
        after = query.after()
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            rows = await uow.tasks.find_tags(query.filter, owner_id=owner.user_id, limit=query.limit + 1, after=after)
        return query.page(rows)

    @retried
    async def rename(self, actor: Actor, tag: Tag, new: Tag) -> TagCount | Deferred:
        """Rename a tag in all tasks. If the new tag is already in use, the two are merged.

        Return the number of tasks with the new tag, or the job that does the work.

        Raises:
            TagNotFound: No task has the tag.
            LimitReached: The owner has too many different tags for both names during the renaming, or too many jobs.
            UserNotFound: The account was deleted meanwhile.
        """
        async with self._unit_of_work() as uow:
            if tag == new:
                if not (count := await uow.tasks.count_tag(tag, owner_id=actor.user_id)):
                    raise TagNotFound
                return TagCount(tag, count)
            deferred = await self._change(uow, actor.user_id, TagChange(tag, new))
            count = 0 if deferred else await uow.tasks.count_tag(new, owner_id=actor.user_id)
            await uow.commit()
        return deferred or TagCount(new, count)

    @retried
    async def remove(self, actor: Actor, tag: Tag) -> Deferred | None:
        """Remove a tag from all tasks. Return the job that does the work, or None if it is done.

        Raises:
            TagNotFound: No task has the tag.
            LimitReached: The owner has too many jobs.
            UserNotFound: The account was deleted meanwhile.
        """
        async with self._unit_of_work() as uow:
            deferred = await self._change(uow, actor.user_id, TagChange(tag, None))
            await uow.commit()
        return deferred

    async def _change(self, uow: TaskUnitOfWork, owner_id: UserId, change: TagChange) -> Deferred | None:
        """Change the tag on all tasks, or add a job that does it.

        Raises:
            TagNotFound: No task has the tag, and no job is about to put it on tasks.
            LimitReached: The owner has too many different tags for another one, or too many jobs.
        """
        await uow.users.lock(owner_id)  # otherwise two concurrent requests would not see the jobs of each other
        jobs = await uow.jobs.find_pending(CHANGE_TAG, requester_id=owner_id)
        pending = [(job, tag_change_of(job)) for job in jobs]
        count = await uow.tasks.count_tag(change.tag, owner_id=owner_id)
        if not count and all(change.tag != other.new for _, other in pending):
            raise TagNotFound
        earlier = [(job, other) for job, other in pending if change.depends_on(other)]
        if not earlier and count <= MAX_AT_ONCE:
            await self._change_now(uow, owner_id, change)
            return None
        if [other for _, other in earlier] == [change]:  # a repeated request
            return Deferred(earlier[0][0].id)
        if len(jobs) >= MAX_PENDING_JOBS:
            raise LimitReached(f"at most {MAX_PENDING_JOBS} changes of tags can wait; try again when some have ended")
        if change.new and not await uow.tasks.count_tag(change.new, owner_id=owner_id):
            check_distinct_tags(1 + await uow.counters.count_tags(owner_id=owner_id, limit=MAX_DISTINCT_TAGS))
        job = change_tag_job(owner_id, change, [job for job, _ in earlier], self._new_id, self._clock.now())
        await uow.jobs.add(job)
        return Deferred(job.id)

    async def _change_now(self, uow: TaskUnitOfWork, owner_id: UserId, change: TagChange) -> None:
        last: TaskId | None = None
        while found := await uow.tasks.with_tag(change.tag, owner_id=owner_id, limit=_BATCH_SIZE, after=last):
            at = self._clock.now()
            await save_tasks(uow, [(task, change.apply(task, at=at)) for task in found], self._new_id)
            last = found[-1].id
