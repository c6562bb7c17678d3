import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import pytest
from uuid_utils.compat import uuid7

from application.jobs.ports import Job, JobCounts, JobId, JobNotFound, JobQueue
from application.storage import Storage
from tests.contracts.given import StorageSuite
from tests.support.builders import BEN, NOW

T = TypeVar("T")
LATER: Final = NOW + timedelta(seconds=30)


def a_job(**overrides: Any) -> Job:
    fields: dict[str, Any] = {"id": JobId(uuid7()), "kind": "example", "run_at": NOW}
    return Job(**(fields | overrides))


async def run(storage: Storage, step: Callable[[JobQueue], Awaitable[T]]) -> T:
    async with storage.unit_of_work() as uow:
        result = await step(uow.jobs)
        await uow.commit()
    return result


async def add(storage: Storage, *jobs: Job) -> None:
    await run(storage, lambda queue: queue.add(*jobs))


async def claim(storage: Storage, now: datetime = NOW, until: datetime = LATER, limit: int = 100) -> list[Job]:
    return await run(storage, lambda queue: queue.claim(now, until, limit=limit))


async def counts(storage: Storage, now: datetime = NOW) -> tuple[int, int, int]:
    result: JobCounts = await run(storage, lambda queue: queue.counts(now))
    return result.due, result.waiting, result.dead


class JobContract(StorageSuite):
    async def test_an_added_job_is_claimed_unchanged(self, storage: Storage) -> None:
        job = a_job(payload={"email": "ü@example.com", "n": 1, "deep": [None, {"x": True}]}, owner_id=BEN)
        await add(storage, job)
        (claimed,) = await claim(storage)

        assert (claimed.id, claimed.kind, claimed.payload, claimed.owner_id) == (job.id, "example", job.payload, BEN)
        assert (claimed.run_at, claimed.attempts) == (LATER, 1)

    async def test_a_job_of_a_rolled_back_unit_of_work_does_not_exist(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            await uow.jobs.add(a_job())
        assert await claim(storage) == []

    async def test_adding_an_existing_id_changes_nothing(self, storage: Storage) -> None:
        job = a_job()
        await add(storage, job)
        await add(storage, a_job(id=job.id, kind="another"))
        assert [claimed.kind for claimed in await claim(storage)] == ["example"]

    async def test_a_job_is_not_claimed_before_it_is_due(self, storage: Storage) -> None:
        job = a_job(run_at=LATER)
        await add(storage, job)
        assert await claim(storage, LATER - timedelta(microseconds=1)) == []
        assert [claimed.id for claimed in await claim(storage, LATER, LATER + timedelta(1))] == [job.id]

    async def test_jobs_are_claimed_in_the_order_of_their_due_time(self, storage: Storage) -> None:
        jobs = [a_job(run_at=NOW - timedelta(seconds=n)) for n in (1, 3, 2)]
        await add(storage, *jobs)
        first = await claim(storage, limit=2)
        assert {job.id for job in first} == {jobs[1].id, jobs[2].id}
        assert [job.id for job in await claim(storage)] == [jobs[0].id]

    async def test_a_claimed_job_is_not_claimed_again_until_its_lease_expires(self, storage: Storage) -> None:
        await add(storage, a_job())
        assert len(await claim(storage)) == 1
        assert await claim(storage, LATER - timedelta(microseconds=1)) == []
        (again,) = await claim(storage, LATER, LATER + timedelta(1))
        assert again.attempts == 2

    async def test_concurrent_claims_share_no_job(self, storage: Storage) -> None:
        await add(storage, *(a_job() for _ in range(40)))
        claims = await asyncio.gather(*(claim(storage, limit=5) for _ in range(10)))
        ids = [job.id for jobs in claims for job in jobs]
        ids += [job.id for job in await claim(storage)]
        assert len(ids) == len(set(ids)) == 40

    async def test_a_finished_job_is_removed(self, storage: Storage) -> None:
        await add(storage, a_job(), a_job(run_at=LATER))
        (job,) = await claim(storage)
        await run(storage, lambda queue: queue.finish(job))
        assert await counts(storage, LATER) == (1, 0, 0)

    async def test_an_extended_lease_keeps_the_job_claimed(self, storage: Storage) -> None:
        await add(storage, a_job())
        (job,) = await claim(storage)
        await run(storage, lambda queue: queue.extend(job, LATER + timedelta(seconds=30)))
        assert await claim(storage, LATER) == []
        await run(storage, lambda queue: queue.finish(job))
        assert await counts(storage) == (0, 0, 0)

    async def test_a_job_postponed_with_an_error_keeps_its_attempts(self, storage: Storage) -> None:
        await add(storage, a_job())
        (job,) = await claim(storage)
        await run(storage, lambda queue: queue.postpone(job, NOW + timedelta(1), error="no"))
        assert await claim(storage, LATER) == []
        (again,) = await claim(storage, NOW + timedelta(1))
        assert (again.attempts, again.last_error) == (2, "no")

    async def test_a_job_postponed_without_an_error_resets_its_attempts(self, storage: Storage) -> None:
        await add(storage, a_job())
        (job,) = await claim(storage)
        await run(storage, lambda queue: queue.postpone(job, LATER))
        (again,) = await claim(storage, LATER)
        assert (again.attempts, again.last_error) == (1, None)

    async def test_a_worker_that_lost_its_claim_changes_nothing(self, storage: Storage) -> None:
        await add(storage, a_job())
        (lost,) = await claim(storage)
        (current,) = await claim(storage, LATER, LATER + timedelta(1))
        await run(storage, lambda queue: queue.finish(lost))
        await run(storage, lambda queue: queue.extend(lost, NOW))
        await run(storage, lambda queue: queue.postpone(lost, NOW))
        await run(storage, lambda queue: queue.dead_letter(lost, NOW, error="no"))

        assert await counts(storage, LATER) == (0, 1, 0)
        await run(storage, lambda queue: queue.finish(current))
        assert await counts(storage, LATER) == (0, 0, 0)

    async def test_a_dead_letter_is_kept_and_never_claimed(self, storage: Storage) -> None:
        await add(storage, a_job(payload={"x": 1}), a_job())
        first, second = await claim(storage)
        await run(storage, lambda queue: queue.dead_letter(first, NOW, error="no"))
        await run(storage, lambda queue: queue.dead_letter(second, LATER, error="never"))

        assert await claim(storage, LATER + timedelta(days=9)) == []
        dead = await run(storage, lambda queue: queue.find_dead(limit=9))
        assert [(job.id, job.died_at, job.last_error) for job in dead] == [
            (second.id, LATER, "never"),
            (first.id, NOW, "no"),
        ]
        assert [job.id for job in await run(storage, lambda queue: queue.find_dead(limit=1))] == [second.id]
        assert await counts(storage) == (0, 0, 2)

    async def test_old_dead_letters_are_removed_in_batches(self, storage: Storage) -> None:
        await add(storage, *(a_job() for _ in range(4)), a_job(run_at=LATER))
        *old, new = await claim(storage)
        for job in old:
            await run(storage, lambda queue, job=job: queue.dead_letter(job, NOW, error="no"))  # type: ignore[misc]
        await run(storage, lambda queue: queue.dead_letter(new, LATER, error="no"))

        removed = [await run(storage, lambda queue: queue.remove_dead(NOW, limit=2)) for _ in range(3)]
        assert removed == [2, 1, 0]
        assert await counts(storage) == (0, 1, 1)

    async def test_only_dead_letters_can_be_requeued_or_discarded(self, storage: Storage) -> None:
        await add(storage, a_job(), a_job(), a_job(run_at=LATER))
        first, second = await claim(storage)
        for job in (first, second):
            await run(storage, lambda queue, job=job: queue.dead_letter(job, NOW, error="no"))  # type: ignore[misc]
        await run(storage, lambda queue: queue.requeue(first.id, NOW))
        await run(storage, lambda queue: queue.discard(second.id))

        assert await counts(storage) == (1, 1, 0)
        (again,) = await claim(storage)
        assert (again.id, again.attempts, again.died_at, again.last_error) == (first.id, 1, None, None)
        for job_id in (first.id, second.id, JobId(uuid7())):
            with pytest.raises(JobNotFound):
                await run(storage, lambda queue, job_id=job_id: queue.requeue(job_id, NOW))  # type: ignore[misc]
            with pytest.raises(JobNotFound):
                await run(storage, lambda queue, job_id=job_id: queue.discard(job_id))  # type: ignore[misc]
        assert await counts(storage) == (0, 2, 0)
