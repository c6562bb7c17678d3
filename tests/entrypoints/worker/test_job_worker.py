import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import pytest

from adapters.memory.jobs.queue import InMemoryJobQueue
from adapters.memory.storage import InMemoryStorage
from application.jobs.ports import Job, JobCounts, JobNotFound, Outcome
from application.jobs.service import JobService
from application.platform.unit_of_work import StorageUnavailable
from entrypoints.worker import job_worker
from entrypoints.worker.job_worker import AT_ONCE, ATTEMPTS, LONGEST_DELAY, Handler, JobWorker, Recurring, delay_after
from tests.contracts.jobs.jobs import a_job, add
from tests.support.builders import NOW
from tests.support.stubs import Attempts, SettableClock

HOUR: Final = timedelta(hours=1)


class Bench:
    """One queue, and workers at it."""

    def __init__(self) -> None:
        self.storage = InMemoryStorage()
        self.clock = SettableClock()
        self.attempts = Attempts()
        self.service = JobService(self.storage.unit_of_work, self.clock)

    def worker(self, handler: Handler | Recurring, lease: timedelta = timedelta(seconds=30)) -> JobWorker:
        return JobWorker(self.storage.unit_of_work, {"errand": handler}, self.attempts, self.clock, lease)

    async def counts(self) -> JobCounts:
        return await self.service.counts()

    @property
    def outcomes(self) -> Sequence[Outcome]:
        return [outcome for _, outcome in self.attempts.outcomes]


async def fails(job: Job) -> None:
    raise ZeroDivisionError("a secret of another server")


async def does_nothing(job: Job) -> None: ...


async def test_a_job_is_done_once_and_gone() -> None:
    bench, done = Bench(), list[Job]()

    async def do(job: Job) -> None:
        done.append(job)

    await add(bench.storage, a_job(payload={"x": 1}))
    worker = bench.worker(do)
    assert [await worker.work(), await worker.work()] == [1, 0]
    assert [job.payload for job in done] == [{"x": 1}]
    assert bench.outcomes == [Outcome.DONE]
    assert await bench.counts() == JobCounts(0, 0, 0)


async def test_a_failed_job_is_tried_again_later_and_later_and_then_kept_among_the_dead() -> None:
    bench = Bench()
    await add(bench.storage, a_job())
    worker, waits = bench.worker(fails), []
    for _ in range(ATTEMPTS):
        began = bench.clock.time
        while not await worker.work():
            bench.clock.time += timedelta(seconds=1)
        waits.append(bench.clock.time - began)

    assert bench.outcomes == [Outcome.FAILED] * (ATTEMPTS - 1) + [Outcome.BURIED]
    assert waits[0] < waits[3] < waits[5] < waits[-1] <= LONGEST_DELAY
    (dead,) = await bench.service.dead()
    assert dead.last_error == "ZeroDivisionError: a secret of another server"
    assert dead.attempts == ATTEMPTS


async def test_a_dead_job_may_be_tried_again_or_thrown_away() -> None:
    bench = Bench()
    await add(bench.storage, a_job(attempts=ATTEMPTS - 1), a_job(attempts=ATTEMPTS - 1))
    await bench.worker(fails).work()
    first, second = await bench.service.dead()
    await bench.service.requeue(first.id)
    await bench.service.discard(second.id)
    await bench.worker(does_nothing).work()

    assert bench.outcomes[-1] is Outcome.DONE
    assert await bench.counts() == JobCounts(0, 0, 0)
    for gone in (first, second):
        with pytest.raises(JobNotFound):
            await bench.service.requeue(gone.id)


def test_waits_grow_jitter_and_end() -> None:
    for attempts in range(1, 200):
        delays = {delay_after(attempts) for _ in range(20)}
        assert len(delays) > 1
        assert max(delays) <= LONGEST_DELAY
    assert delay_after(1) <= timedelta(seconds=5)
    assert delay_after(200) >= LONGEST_DELAY / 2


async def test_what_another_server_said_is_kept_as_one_line_that_any_database_takes() -> None:
    bench = Bench()

    async def is_told_off(job: Job) -> None:
        raise ZeroDivisionError("550 Empf\udce4nger\r\n550 \x1b[31munbekannt\0")

    await add(bench.storage, a_job(attempts=ATTEMPTS - 1))
    await bench.worker(is_told_off).work()
    (dead,) = await bench.service.dead()
    assert dead.last_error == "ZeroDivisionError: 550 Empf nger  550  [31munbekannt "


async def test_a_job_whose_every_worker_was_killed_is_given_up_without_another_try() -> None:
    bench, done = Bench(), list[Job]()

    async def do(job: Job) -> None:
        done.append(job)

    await add(bench.storage, a_job(attempts=ATTEMPTS))
    await bench.worker(do).work()
    assert done == []
    assert bench.outcomes == [Outcome.BURIED]
    (dead,) = await bench.service.dead()
    assert str(dead.last_error).startswith("Abandoned:")


async def test_one_failing_job_does_not_hold_up_the_others() -> None:
    bench = Bench()

    async def fail_the_first(job: Job) -> None:
        if job.payload["n"] == 0:
            raise ZeroDivisionError

    await add(bench.storage, *(a_job(payload={"n": n}) for n in range(20)))
    worker = bench.worker(fail_the_first)
    while await worker.work():
        pass
    assert sorted(bench.outcomes) == [Outcome.DONE] * 19 + [Outcome.FAILED]


async def test_a_recurring_job_comes_again_in_its_time_however_many_workers_begin() -> None:
    bench = Bench()
    workers = [bench.worker(Recurring(does_nothing, HOUR)) for _ in range(3)]
    for worker in workers:
        await worker.prepare()
    assert [await worker.work() for worker in workers] == [1, 0, 0]
    assert await bench.counts() == JobCounts(0, 1, 0)
    bench.clock.time += HOUR
    assert [await worker.work() for worker in workers] == [1, 0, 0]


async def test_a_recurring_job_is_never_given_up() -> None:
    bench = Bench()
    worker = bench.worker(Recurring(fails, HOUR))
    await worker.prepare()
    for _ in range(ATTEMPTS + 2):
        assert await worker.work() == 1
        bench.clock.time += HOUR
    assert set(bench.outcomes) == {Outcome.FAILED}


async def test_a_kind_that_nobody_knows_waits_for_a_program_that_does() -> None:
    bench, newer = Bench(), "of a newer version"
    await add(bench.storage, a_job(kind=newer))
    for _ in range(ATTEMPTS + 2):
        assert await bench.worker(does_nothing).work() == 1
        bench.clock.time += LONGEST_DELAY
    assert set(bench.outcomes) == {Outcome.FAILED}
    assert await bench.counts() == JobCounts(1, 0, 0)

    knows = JobWorker(bench.storage.unit_of_work, {newer: does_nothing}, bench.attempts, bench.clock)
    assert await knows.work() == 1
    assert bench.outcomes[-1] is Outcome.DONE


async def test_what_a_killed_worker_had_begun_is_done_by_another_after_the_lease() -> None:
    bench, begun = Bench(), asyncio.Event()
    await add(bench.storage, a_job())

    async def never_ends(job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    working = asyncio.create_task(bench.worker(never_ends).work())
    await begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    other = bench.worker(does_nothing)
    assert await other.work() == 0
    bench.clock.time += timedelta(seconds=30)
    assert await other.work() == 1


async def test_a_long_job_stays_with_its_worker() -> None:
    bench, others = Bench(), list[int]()
    await add(bench.storage, a_job())

    async def takes_three_leases(job: Job) -> None:
        for _ in range(6):
            bench.clock.time += timedelta(milliseconds=30)
            await asyncio.sleep(0.06)
            others.append(await other.work())

    other = bench.worker(does_nothing)
    assert await bench.worker(takes_three_leases, lease=timedelta(milliseconds=60)).work() == 1
    assert others == [0] * 6
    assert bench.outcomes == [Outcome.DONE]


async def test_a_long_job_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, stop, begun, may_end, done = Bench(), asyncio.Event(), asyncio.Event(), asyncio.Event(), list[int]()
    monkeypatch.setattr(job_worker, "IDLE_SECONDS", 0.01)

    async def do(job: Job) -> None:
        if job.payload["n"] == 0:
            begun.set()
            await may_end.wait()
        done.append(job.payload["n"])
        if len(done) == 20:
            may_end.set()
        if len(done) == 21:
            stop.set()

    await add(bench.storage, a_job(payload={"n": 0}))
    running = asyncio.create_task(bench.worker(do).run(stop))
    await begun.wait()
    await add(bench.storage, *(a_job(payload={"n": n}) for n in range(1, 21)))
    async with asyncio.timeout(5):
        await running
    assert done[-1] == 0
    assert sorted(done) == list(range(21))


async def test_only_so_many_jobs_are_done_at_once() -> None:
    bench, stop, now, most, done = Bench(), asyncio.Event(), 0, 0, 0

    async def do(job: Job) -> None:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now, done = now - 1, done + 1
        if done == 4 * AT_ONCE:
            stop.set()

    await add(bench.storage, *(a_job() for _ in range(4 * AT_ONCE)))
    await bench.worker(do).run(stop)
    assert most == AT_ONCE


async def test_told_to_stop_a_worker_ends_what_it_began_and_begins_nothing() -> None:
    bench, stop, begun, may_end = Bench(), asyncio.Event(), asyncio.Event(), asyncio.Event()
    await add(bench.storage, a_job())

    async def do(job: Job) -> None:
        begun.set()
        await may_end.wait()

    running = asyncio.create_task(bench.worker(do).run(stop))
    await begun.wait()
    await add(bench.storage, a_job())
    stop.set()
    may_end.set()
    await running
    assert bench.outcomes == [Outcome.DONE]
    assert await bench.counts() == JobCounts(1, 0, 0)


async def test_a_worker_outlives_a_storage_that_is_away() -> None:
    bench, stop, is_away = Bench(), asyncio.Event(), True

    def unit_of_work() -> object:
        if is_away:
            raise StorageUnavailable("away")
        return bench.storage.unit_of_work()

    async def do(job: Job) -> None:
        stop.set()

    worker = JobWorker(unit_of_work, {"errand": do}, bench.attempts, bench.clock)  # type: ignore[arg-type]
    await add(bench.storage, a_job(run_at=NOW))
    running = asyncio.create_task(worker.run(stop))
    await asyncio.sleep(0.01)
    is_away = False
    await running
    assert bench.outcomes == [Outcome.DONE]


async def test_told_to_stop_a_worker_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, stop, begun = Bench(), asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(job_worker, "PARTING_SECONDS", 0.01)
    await add(bench.storage, a_job())

    async def hangs(job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(bench.worker(hangs).run(stop))
    await begun.wait()
    stop.set()
    async with asyncio.timeout(5):
        await running
    assert bench.outcomes == []
    bench.clock.time += timedelta(seconds=30)
    assert await bench.worker(does_nothing).work() == 1


@pytest.mark.parametrize("step", ["claim", "extend", "finish"])
async def test_a_worker_outlives_a_bug_and_tells_of_it(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, stop, done = Bench(), asyncio.Event(), list[int]()
    healthy = getattr(InMemoryJobQueue, step)

    async def is_broken(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(InMemoryJobQueue, step, healthy)
        raise ZeroDivisionError

    async def do(job: Job) -> None:
        await asyncio.sleep(0.05)  # longer than a third of the lease
        done.append(job.payload["n"])
        if set(done) == {0, 1}:
            stop.set()
        bench.clock.time += timedelta(seconds=1)

    monkeypatch.setattr(InMemoryJobQueue, step, is_broken)
    await add(bench.storage, *(a_job(payload={"n": n}) for n in range(2)))
    await bench.worker(do, lease=timedelta(milliseconds=90)).run(stop)
    assert set(done) == {0, 1}
    assert [type(error) for error in bench.attempts.stumbles] == [ZeroDivisionError]
