"""Rules: workers and operators manage jobs, in addition to the account rules."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, multiple, rule
from uuid_utils.compat import uuid7

from application.jobs.ports import Job, JobId, JobQueue
from tests.contracts.state_machine.account_rules import AccountRules
from tests.contracts.state_machine.machine import FOREVER
from tests.support.world import Refusal, World

T = TypeVar("T")
LEASE: Final = timedelta(hours=2)

delays = st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=2), timedelta(seconds=-1)])


async def at_queue(world: World, step: Callable[[JobQueue], Awaitable[T]]) -> T:
    async with world.storage.unit_of_work() as uow:
        answer = await step(uow.jobs)
        await uow.commit()
    return answer


class JobRules(AccountRules):
    claims: Bundle[Job] = Bundle("claims")
    job_ids: Bundle[JobId] = Bundle("job_ids")

    @rule(
        target=job_ids, delay=delays, payload=st.dictionaries(st.text("aü\"'", max_size=3), st.integers() | st.none())
    )
    def add_job(self, delay: timedelta, payload: dict[str, Any]) -> JobId:
        job = Job(id=JobId(uuid7()), kind="example", run_at=self._clock.now() + delay, payload=payload)
        for _ in range(2):  # the second changes nothing
            self.at_queue(lambda queue: queue.add(job))
        return job.id

    @rule(target=claims, limit=st.integers(1, 3))
    def claim_jobs(self, limit: int) -> MultipleResults[Job]:
        now = self._clock.now()
        jobs = self.ask(lambda world: at_queue(world, lambda queue: claimed(queue, now, limit)))
        return multiple() if isinstance(jobs, Refusal) else multiple(*jobs)

    @rule(job=claims, delay=delays, how=st.sampled_from(["finish", "extend", "postpone", "fail", "dead_letter"]))
    def settle_job(self, job: Job, delay: timedelta, how: str) -> None:
        at = self._clock.now() + delay
        match how:
            case "finish":
                self.at_queue(lambda queue: queue.finish(job))
            case "extend":
                self.at_queue(lambda queue: queue.extend(job, at))
            case "postpone":
                self.at_queue(lambda queue: queue.postpone(job, at))
            case "fail":
                self.at_queue(lambda queue: queue.postpone(job, at, error="no"))
            case "dead_letter":
                self.at_queue(lambda queue: queue.dead_letter(job, at, error="never"))

    @rule(job_id=job_ids, again=st.booleans())
    def look_after_job(self, job_id: JobId, again: bool) -> None:
        now = self._clock.now()
        self.at_queue(lambda queue: queue.counts(now))
        self.at_queue(lambda queue: queue.find_dead(limit=3))
        self.at_queue(lambda queue: queue.requeue(job_id, now) if again else queue.discard(job_id))

    def at_queue(self, step: Callable[[JobQueue], Awaitable[Any]]) -> None:
        self.ask(lambda world: at_queue(world, step))

    def teardown(self) -> None:
        self.at_queue(empty)
        super().teardown()


async def claimed(queue: JobQueue, now: Any, limit: int) -> list[Job]:
    return sorted(await queue.claim(now, now + LEASE, limit=limit), key=lambda job: job.id)


async def empty(queue: JobQueue) -> None:
    for dead in await queue.find_dead(limit=1000):
        await queue.discard(dead.id)
    for job in await queue.claim(FOREVER, FOREVER, limit=1000):
        await queue.finish(job)
