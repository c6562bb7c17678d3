import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from operator import methodcaller
from typing import Any, Final, TypeVar

import pytest
from uuid_utils.compat import uuid7

from application.jobs.ports import AT_ONCE, FailureCounts, Job, JobCounts, JobId, JobNotFound, JobQueue, JobState
from application.storage import Storage
from domain.identity.user import UserId
from tests.contracts.given import StorageSuite
from tests.support.builders import ANN, BEN, NOW

T = TypeVar("T")
LATER: Final = NOW + timedelta(seconds=30)
LONG: Final = timedelta(hours=1)
"""Longer than a test runs."""
OVER: Final = timedelta(seconds=-1)
"""A lease that has ended, or a delay after which a job is due before others."""


def a_job(**overrides: Any) -> Job:
    fields: dict[str, Any] = {"id": JobId(uuid7()), "kind": "example"}
    return Job(**(fields | overrides))


async def run(storage: Storage, step: Callable[[JobQueue], Awaitable[T]]) -> T:
    async with storage.unit_of_work() as uow:
        result = await step(uow.jobs)
        await uow.commit()
    return result


async def add(storage: Storage, *jobs: Job, delay: timedelta = AT_ONCE) -> None:
    await run(storage, lambda queue: queue.add(*jobs, delay=delay))


async def claim(storage: Storage, lease: timedelta = LONG, limit: int = 100) -> list[Job]:
    return await run(storage, lambda queue: queue.claim(lease, limit=limit))


async def start(storage: Storage, job: Job, lease: timedelta = LONG) -> Job:
    started = await run(storage, lambda queue: queue.start(job, lease))
    assert started is not None
    return started


async def claim_one(storage: Storage, lease: timedelta = LONG) -> Job:
    (job,) = await claim(storage, lease)
    return job


async def requested(storage: Storage, job: Job, requester_id: UserId = ANN) -> Job:
    return await run(storage, lambda queue: queue.get_requested(job.id, requester_id=requester_id))


async def pending(storage: Storage, kind: str = "example", requester_id: UserId = ANN) -> list[JobId]:
    found = await run(storage, lambda queue: queue.find_pending(kind, requester_id=requester_id))
    return [job.id for job in found]


async def counts(storage: Storage) -> tuple[int, int, int]:
    result: JobCounts = await run(storage, lambda queue: queue.counts())
    return result.due, result.waiting, result.dead


class JobContract(StorageSuite):
    async def test_an_added_job_is_claimed_unchanged(self, storage: Storage) -> None:
        job = a_job(payload={"email": "ü@example.com", "n": 1, "deep": [None, {"x": True}]}, owner_id=BEN)
        await add(storage, job)
        claimed = await claim_one(storage)

        assert (claimed.id, claimed.kind, claimed.payload, claimed.owner_id) == (job.id, "example", job.payload, BEN)
        assert (claimed.claims, claimed.attempts, claimed.started_at) == (1, 0, None)
        assert claimed.run_at is not None

    async def test_a_job_of_a_rolled_back_unit_of_work_does_not_exist(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            await uow.jobs.add(a_job())
        assert await claim(storage) == []

    async def test_adding_an_existing_id_changes_nothing(self, storage: Storage) -> None:
        job = a_job()
        await add(storage, job)
        await add(storage, a_job(id=job.id, kind="another"))
        assert (await claim_one(storage)).kind == "example"

    async def test_a_job_is_not_claimed_before_it_is_due(self, storage: Storage) -> None:
        await add(storage, a_job(), delay=LONG)
        assert await claim(storage) == []
        assert await counts(storage) == (0, 1, 0)

    async def test_jobs_are_claimed_in_the_order_of_their_due_time(self, storage: Storage) -> None:
        jobs = [a_job() for _ in range(3)]
        for job, seconds in zip(jobs, (-1, -3, -2), strict=True):
            await add(storage, job, delay=timedelta(seconds=seconds))
        first = await claim(storage, limit=2)
        assert {job.id for job in first} == {jobs[1].id, jobs[2].id}
        assert (await claim_one(storage)).id == jobs[0].id

    async def test_a_claimed_job_is_not_claimed_again_until_its_lease_ends(self, storage: Storage) -> None:
        await add(storage, a_job())
        job = await claim_one(storage)
        assert await claim(storage) == []
        await run(storage, lambda queue: queue.extend(job, OVER))
        again = await claim_one(storage)
        assert (again.claims, again.attempts) == (2, 0)

    async def test_a_claim_is_no_attempt_until_the_job_starts(self, storage: Storage) -> None:
        await add(storage, a_job())
        for _ in range(3):
            claimed = await claim_one(storage, OVER)
        assert (claimed.claims, claimed.attempts, claimed.started_at) == (3, 0, None)

        started = await start(storage, claimed, OVER)
        assert (started.claims, started.attempts) == (3, 1)
        assert started.started_at is not None and started.run_at == started.started_at + OVER
        interrupted = await claim_one(storage, OVER)
        assert (interrupted.claims, interrupted.attempts) == (4, 1)
        assert interrupted.started_at == started.started_at

    async def test_killed_workers_are_counted_until_the_job_succeeds(self, storage: Storage) -> None:
        await add(storage, a_job())
        await start(storage, await claim_one(storage, OVER), OVER)
        for _ in range(2):  # the second worker was killed before it started the job
            interrupted = await claim_one(storage, OVER)
            assert (interrupted.kills, interrupted.killed_workers) == (0, 1)
        again = await start(storage, interrupted)
        assert (again.attempts, again.kills, again.killed_workers) == (2, 1, 2)
        await run(storage, lambda queue: queue.postpone(again, AT_ONCE, error="no"))
        failed = await start(storage, await claim_one(storage))
        assert (failed.attempts, failed.kills) == (3, 1)
        await run(storage, lambda queue: queue.postpone(failed, AT_ONCE))
        assert (await claim_one(storage)).kills == 0

    async def test_a_start_renews_the_lease(self, storage: Storage) -> None:
        await add(storage, a_job())
        await start(storage, await claim_one(storage, OVER))
        assert await claim(storage) == []

    async def test_a_released_job_is_due_at_once_and_keeps_its_earlier_attempts(self, storage: Storage) -> None:
        await add(storage, a_job())
        failed = await start(storage, await claim_one(storage))
        await run(storage, lambda queue: queue.postpone(failed, OVER, error="no"))
        stopped = await start(storage, await claim_one(storage))
        await run(storage, lambda queue: queue.release(stopped))
        again = await claim_one(storage)
        assert (again.attempts, again.started_at, again.last_error) == (1, None, "no")

    async def test_concurrent_claims_share_no_job(self, storage: Storage) -> None:
        await add(storage, *(a_job() for _ in range(40)))
        claims = await asyncio.gather(*(claim(storage, limit=5) for _ in range(10)))
        ids = [job.id for jobs in claims for job in jobs]
        ids += [job.id for job in await claim(storage)]
        assert len(ids) == len(set(ids)) == 40

    async def test_a_finished_job_is_removed(self, storage: Storage) -> None:
        await add(storage, a_job())
        await add(storage, a_job(), delay=LONG)
        job = await claim_one(storage)
        await run(storage, lambda queue: queue.finish(job, NOW))
        assert await counts(storage) == (0, 1, 0)

    async def test_an_extended_lease_keeps_the_job_claimed(self, storage: Storage) -> None:
        await add(storage, a_job())
        job = await claim_one(storage, OVER)
        await run(storage, lambda queue: queue.extend(job, LONG))
        assert await claim(storage) == []
        await run(storage, lambda queue: queue.finish(job, NOW))
        assert await counts(storage) == (0, 0, 0)

    async def test_a_job_postponed_with_an_error_keeps_its_attempts(self, storage: Storage) -> None:
        await add(storage, a_job(), a_job())
        later, now = [await start(storage, job) for job in await claim(storage)]
        await run(storage, lambda queue: queue.postpone(later, LONG, error="no"))
        await run(storage, lambda queue: queue.postpone(now, AT_ONCE, error="no"))
        again = await claim_one(storage)
        assert (again.id, again.attempts, again.started_at, again.last_error) == (now.id, 1, None, "no")

    async def test_a_job_postponed_without_an_error_resets_its_attempts(self, storage: Storage) -> None:
        await add(storage, a_job())
        job = await start(storage, await claim_one(storage))
        await run(storage, lambda queue: queue.postpone(job, AT_ONCE))
        again = await claim_one(storage)
        assert (again.claims, again.attempts, again.started_at, again.last_error) == (2, 0, None, None)

    async def test_a_worker_that_lost_its_claim_changes_nothing(self, storage: Storage) -> None:
        await add(storage, a_job())
        lost = await claim_one(storage, OVER)
        current = await claim_one(storage)
        assert await run(storage, lambda queue: queue.start(lost, OVER)) is None
        await run(storage, lambda queue: queue.finish(lost, NOW))
        await run(storage, lambda queue: queue.extend(lost, OVER))
        await run(storage, lambda queue: queue.postpone(lost, OVER))
        await run(storage, lambda queue: queue.release(lost))
        await run(storage, lambda queue: queue.dead_letter(lost, NOW, error="no"))

        assert await counts(storage) == (0, 1, 0)
        assert (await start(storage, current)).attempts == 1
        await run(storage, lambda queue: queue.finish(current, NOW))
        assert await counts(storage) == (0, 0, 0)

    async def test_a_claim_from_before_a_success_is_lost(self, storage: Storage) -> None:
        await add(storage, a_job())
        lost = await start(storage, await claim_one(storage, OVER), OVER)
        succeeded = await start(storage, await claim_one(storage))
        await run(storage, lambda queue: queue.postpone(succeeded, AT_ONCE))
        await start(storage, await claim_one(storage))
        await run(storage, lambda queue: queue.finish(lost, NOW))
        assert await counts(storage) == (0, 1, 0)

    async def test_a_dead_letter_is_kept_and_never_claimed(self, storage: Storage) -> None:
        await add(storage, a_job(payload={"x": 1}), a_job())
        first, second = await claim(storage, OVER)
        await run(storage, lambda queue: queue.dead_letter(first, NOW, error="no"))
        await run(storage, lambda queue: queue.dead_letter(second, LATER, error="never"))

        assert await claim(storage) == []
        dead = await run(storage, lambda queue: queue.find_dead(limit=9))
        assert [(job.id, job.died_at, job.last_error) for job in dead] == [
            (second.id, LATER, "never"),
            (first.id, NOW, "no"),
        ]
        assert [job.id for job in await run(storage, lambda queue: queue.find_dead(limit=1))] == [second.id]
        assert await counts(storage) == (0, 0, 2)

    async def test_old_dead_letters_are_removed_in_batches(self, storage: Storage) -> None:
        await add(storage, *(a_job() for _ in range(4)))
        await add(storage, a_job(), delay=LONG)
        *old, new = await claim(storage)
        for job in old:
            await run(storage, methodcaller("dead_letter", job, NOW, error="no"))
        await run(storage, lambda queue: queue.dead_letter(new, LATER, error="no"))

        removed = [await run(storage, lambda queue: queue.remove_dead(NOW, limit=2)) for _ in range(3)]
        assert removed == [2, 1, 0]
        assert await counts(storage) == (0, 1, 1)

    async def test_only_dead_letters_can_be_requeued_or_discarded(self, storage: Storage) -> None:
        await add(storage, a_job(), a_job())
        await add(storage, a_job(), delay=LONG)
        first, second = [await start(storage, job) for job in await claim(storage)]
        for job in (first, second):
            await run(storage, methodcaller("dead_letter", job, NOW, error="no"))
        await run(storage, lambda queue: queue.requeue(first.id))
        await run(storage, lambda queue: queue.discard(second.id))

        assert await counts(storage) == (1, 1, 0)
        again = await claim_one(storage)
        assert (again.id, again.attempts, again.started_at, again.died_at) == (first.id, 0, None, None)
        assert again.last_error is None
        for job_id in (first.id, second.id, JobId(uuid7())):
            with pytest.raises(JobNotFound):
                await run(storage, methodcaller("requeue", job_id))
            with pytest.raises(JobNotFound):
                await run(storage, methodcaller("discard", job_id))
        assert await counts(storage) == (0, 2, 0)

    async def test_dead_letters_of_a_kind_are_requeued_or_discarded_in_batches(self, storage: Storage) -> None:
        jobs = [a_job(kind=kind) for kind in ("one", "one", "one", "two")]
        await add(storage, *jobs)
        claimed = {job.id: job for job in await claim(storage)}
        for age, job in enumerate(jobs):
            dying = await start(storage, claimed[job.id])
            at = NOW - timedelta(days=age)
            await run(storage, methodcaller("dead_letter", dying, at, error="no"))

        assert await run(storage, lambda queue: queue.requeue_dead("one", limit=2)) == 2
        dead = await run(storage, lambda queue: queue.find_dead(limit=9))
        assert [job.id for job in dead] == [jobs[0].id, jobs[3].id]
        assert await run(storage, lambda queue: queue.discard_dead("one", limit=2)) == 1
        for change in (lambda queue: queue.requeue_dead("one", limit=2), lambda queue: queue.discard_dead("", limit=2)):
            assert await run(storage, change) == 0
        again = await claim(storage)
        assert {job.id for job in again} == {jobs[1].id, jobs[2].id}
        assert {(job.attempts, job.kills, job.started_at, job.last_error) for job in again} == {(0, 0, None, None)}
        assert await counts(storage) == (0, 2, 1)

    async def test_failures_are_counted_by_kind_with_the_age_of_the_oldest_due_job(self, storage: Storage) -> None:
        nothing = await run(storage, lambda queue: queue.counts())
        await add(storage, a_job(kind="new"), delay=-LONG)
        await add(storage, a_job(kind="later"), delay=LONG)
        retried, dead, also_retried = [a_job(kind=kind) for kind in ("one", "one", "two")]
        await add(storage, retried, dead, also_retried, delay=-2 * LONG)
        claimed = {job.id: job for job in await claim(storage, limit=3)}
        await run(storage, lambda queue: queue.postpone(claimed[retried.id], LONG, error="no"))
        await run(storage, lambda queue: queue.postpone(claimed[also_retried.id], AT_ONCE, error="no"))
        await run(storage, lambda queue: queue.dead_letter(claimed[dead.id], NOW, error="no"))
        result = await run(storage, lambda queue: queue.counts())

        assert nothing == JobCounts(0, 0, 0)
        assert (result.due, result.waiting, result.dead) == (2, 2, 1)
        assert result.failures == {"one": FailureCounts(retried=1, dead=1), "two": FailureCounts(retried=1, dead=0)}
        assert LONG <= result.oldest_due < 2 * LONG

    async def test_a_user_sees_the_states_of_a_requested_job(self, storage: Storage) -> None:
        job = a_job(requester_id=ANN, created_at=NOW, payload={"x": 1})
        await add(storage, job)
        added = await requested(storage, job)
        claimed = await claim_one(storage)
        waiting = await requested(storage, job)
        started = await start(storage, claimed)
        running = await requested(storage, job)
        await run(storage, lambda queue: queue.postpone(started, AT_ONCE, error="no"))
        postponed = await requested(storage, job)
        again = await start(storage, await claim_one(storage))
        await run(storage, lambda queue: queue.finish(again, LATER))
        finished = await requested(storage, job)

        states = [each.state for each in (added, waiting, running, postponed, finished)]
        queued = JobState.QUEUED
        assert states == [queued, queued, JobState.RUNNING, queued, JobState.SUCCEEDED]
        assert (finished.finished_at, finished.last_error, finished.attempts) == (LATER, None, 2)
        assert {(each.created_at, each.payload["x"]) for each in (added, running, finished)} == {(NOW, 1)}

    async def test_only_the_requester_finds_a_requested_job(self, storage: Storage) -> None:
        job, other = a_job(requester_id=ANN, owner_id=BEN), a_job(owner_id=ANN)
        await add(storage, job, other)
        for unknown, user_id in ((job, BEN), (other, ANN), (a_job(), ANN)):
            with pytest.raises(JobNotFound) as refusal:
                await requested(storage, unknown, user_id)
            assert refusal.value.ids == (unknown.id,)

    async def test_a_finished_job_never_runs_again(self, storage: Storage) -> None:
        await add(storage, a_job(requester_id=ANN))
        job = await claim_one(storage, OVER)
        await run(storage, lambda queue: queue.finish(job, NOW))
        await run(storage, lambda queue: queue.postpone(job, OVER))
        await run(storage, lambda queue: queue.dead_letter(job, NOW, error="no"))

        assert await claim(storage) == []
        assert await counts(storage) == (0, 0, 0)
        assert (await requested(storage, job)).state is JobState.SUCCEEDED

    async def test_pending_jobs_are_those_of_a_requester_and_kind_that_have_not_ended(self, storage: Storage) -> None:
        mine = [a_job(requester_id=ANN) for _ in range(4)]
        await add(storage, *mine[::-1], a_job(requester_id=BEN), a_job(requester_id=ANN, kind="another"), a_job())
        claimed = {job.id: job for job in await claim(storage)}
        await run(storage, lambda queue: queue.finish(claimed[mine[0].id], NOW))
        await run(storage, lambda queue: queue.dead_letter(claimed[mine[2].id], NOW, error="no"))
        await run(storage, lambda queue: queue.postpone(claimed[mine[3].id], AT_ONCE, error="no"))

        assert await pending(storage) == [mine[1].id, mine[3].id]
        assert (await requested(storage, mine[2])).state is JobState.FAILED

    async def test_old_finished_jobs_are_removed_in_batches(self, storage: Storage) -> None:
        await add(storage, *(a_job(requester_id=ANN) for _ in range(4)))
        *old, new = await claim(storage)
        for job in old:
            await run(storage, methodcaller("finish", job, NOW))
        await run(storage, lambda queue: queue.finish(new, LATER))

        removed = [await run(storage, lambda queue: queue.remove_finished(NOW, limit=2)) for _ in range(3)]
        assert removed == [2, 1, 0]
        assert (await requested(storage, new)).finished_at == LATER
