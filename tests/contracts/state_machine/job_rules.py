"""Rules: workers and operators manage jobs, in addition to the account rules."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, multiple, rule
from uuid_utils.compat import uuid7

from application.jobs.ports import Job, JobCounts, JobId, JobQueue
from domain.identity.actor import Actor
from tests.contracts.state_machine.account_rules import AccountRules
from tests.support.builders import NOW
from tests.support.world import Refusal, World

T = TypeVar("T")
WAYS: Final = ("start", "finish", "extend", "postpone", "fail", "release", "dead_letter")

delays = st.sampled_from([timedelta(0), timedelta(hours=-1), timedelta(hours=1), timedelta(days=2)])
"""Also the lengths of leases. A history does not last an hour: waiting jobs are never due, and the order of due jobs
does not depend on the time that the steps take."""


async def at_queue(world: World, step: Callable[[JobQueue], Awaitable[T]]) -> T:
    async with world.storage.unit_of_work() as uow:
        answer = await step(uow.jobs)
        await uow.commit()
    return answer


class JobRules(AccountRules):
    claims: Bundle[Job] = Bundle("claims")
    job_ids: Bundle[JobId] = Bundle("job_ids")

    @rule(
        target=job_ids,
        delay=delays,
        payload=st.dictionaries(st.text("aü\"'", max_size=3), st.integers() | st.none()),
        actor=AccountRules.actors,
        is_requested=st.booleans(),
    )
    def add_job(self, delay: timedelta, payload: dict[str, Any], actor: Actor, is_requested: bool) -> JobId:
        requester_id = actor.user_id if is_requested else None
        job = Job(id=JobId(uuid7()), kind="example", payload=payload, requester_id=requester_id)
        for _ in range(2):  # the second changes nothing
            self.at_queue(lambda queue: queue.add(job, delay=delay))
        return job.id

    @rule(target=claims, lease=delays, limit=st.integers(1, 3))
    def claim_jobs(self, lease: timedelta, limit: int) -> MultipleResults[Job]:
        jobs = self.ask(lambda world: at_queue(world, lambda queue: claimed(queue, lease, limit)))
        return multiple() if isinstance(jobs, Refusal) else multiple(*jobs)

    @rule(job=claims, delay=delays, how=st.sampled_from(WAYS))
    def settle_job(self, job: Job, delay: timedelta, how: str) -> None:
        match how:
            case "start":
                self.ask(lambda world: at_queue(world, lambda queue: started(queue, job, delay)))
            case "release":
                self.at_queue(lambda queue: queue.release(replace(job, attempts=job.attempts + 1)))
            case "finish":
                self.at_queue(lambda queue: queue.finish(job, NOW))
            case "extend":
                self.at_queue(lambda queue: queue.extend(job, delay))
            case "postpone":
                self.at_queue(lambda queue: queue.postpone(job, delay))
            case "fail":
                self.at_queue(lambda queue: queue.postpone(job, delay, error="no"))
            case "dead_letter":
                self.at_queue(lambda queue: queue.dead_letter(job, self._clock.now(), error="never"))

    @rule(job_id=job_ids, actor=AccountRules.actors)
    def look_at_requested_jobs(self, job_id: JobId, actor: Actor) -> None:
        self.ask(lambda world: at_queue(world, lambda queue: requested(queue, job_id, actor)))
        self.ask(lambda world: at_queue(world, lambda queue: pending(queue, actor)))

    @rule(limit=st.integers(1, 3), again=st.booleans())
    def look_after_dead_jobs(self, limit: int, again: bool) -> None:
        self.at_queue(lambda queue: (queue.requeue_dead if again else queue.discard_dead)("example", limit=limit))

    @rule(job_id=job_ids, again=st.booleans())
    def look_after_job(self, job_id: JobId, again: bool) -> None:
        self.at_queue(counts)
        self.at_queue(dead)
        self.at_queue(lambda queue: queue.requeue(job_id) if again else queue.discard(job_id))

    def at_queue(self, step: Callable[[JobQueue], Awaitable[Any]]) -> None:
        self.ask(lambda world: at_queue(world, step))

    def teardown(self) -> None:
        self.at_queue(empty)
        super().teardown()


async def claimed(queue: JobQueue, lease: timedelta, limit: int) -> list[Job]:
    return sorted(map(without_times, await queue.claim(lease, limit=limit)), key=lambda job: job.id)


async def started(queue: JobQueue, job: Job, lease: timedelta) -> Job | None:
    found = await queue.start(job, lease)
    return found and without_times(found)


async def requested(queue: JobQueue, job_id: JobId, actor: Actor) -> Job:
    return without_times(await queue.get_requested(job_id, requester_id=actor.user_id))


async def pending(queue: JobQueue, actor: Actor) -> list[Job]:
    return list(map(without_times, await queue.find_pending("example", requester_id=actor.user_id)))


async def counts(queue: JobQueue) -> JobCounts:
    """Count the jobs without the age of the oldest one, which depends on the clock of the storage."""
    return replace(await queue.counts(), oldest_due=timedelta())


async def dead(queue: JobQueue) -> list[Job]:
    return list(map(without_times, await queue.find_dead(limit=3)))


def without_times(job: Job) -> Job:
    """Return the job without the times of the storage, which differ between storages."""
    return replace(job, run_at=None, started_at=job.started_at and NOW)


async def empty(queue: JobQueue) -> None:
    for dead in await queue.find_dead(limit=1000):
        await queue.discard(dead.id)
    for job in await queue.claim(timedelta(days=1), limit=1000):
        await queue.finish(job, NOW)
