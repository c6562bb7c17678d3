import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import pytest

from adapters.memory.jobs.queue import InMemoryJobQueue
from adapters.memory.storage import InMemoryStorage
from application.files.ports import FileStoreUnavailable
from application.jobs import service
from application.jobs.ports import FailureCounts, Job, JobCounts, JobMustWait, JobNotFound, JobUnitOfWork, Outcome
from application.jobs.service import JobService
from application.platform.mail import MailNotSent, MailRefused
from application.platform.unit_of_work import StorageUnavailable
from entrypoints.worker import job_worker
from entrypoints.worker.failures import MAX_ATTEMPTS, MAX_ERROR, MAX_OUTAGE_ATTEMPTS, MAX_RETRY_DELAY, retry_delay
from entrypoints.worker.job_worker import MAX_CONCURRENT_JOBS, Handler, JobWorker, RecurringJob
from tests.contracts.jobs.jobs import a_job, add, claim, start
from tests.support.stubs import Attempts, SettableClock

HOUR: Final = timedelta(hours=1)
LEASE: Final = timedelta(seconds=30)


class Bench:
    """One queue and its workers."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.storage = InMemoryStorage(self.clock.now)
        self.attempts = Attempts()
        self.service = JobService(self.storage.unit_of_work)

    def worker(self, handler: Handler | RecurringJob, lease: timedelta = LEASE) -> JobWorker:
        return JobWorker(self.storage.unit_of_work, {"example": handler}, self.attempts, self.clock, lease)

    async def counts(self) -> JobCounts:
        return await self.service.counts()

    @property
    def outcomes(self) -> Sequence[Outcome]:
        return [outcome for _, outcome in self.attempts.outcomes]


async def fails(job: Job) -> None:
    raise ZeroDivisionError("a secret of another server")


async def does_nothing(job: Job) -> None: ...


async def test_a_finished_job_runs_once_and_is_removed() -> None:
    bench, done = Bench(), list[Job]()

    async def do(job: Job) -> None:
        done.append(job)

    await add(bench.storage, a_job(payload={"x": 1}))
    worker = bench.worker(do)
    assert [await worker.work(), await worker.work()] == [1, 0]
    assert [job.payload for job in done] == [{"x": 1}]
    assert bench.outcomes == [Outcome.DONE]
    assert await bench.counts() == JobCounts(0, 0, 0)


async def test_a_failing_job_is_retried_with_backoff_and_becomes_a_dead_letter() -> None:
    bench = Bench()
    await add(bench.storage, a_job())
    worker, waits = bench.worker(fails), []
    for _ in range(MAX_ATTEMPTS):
        started_at = bench.clock.time
        while not await worker.work():
            bench.clock.time += timedelta(seconds=1)
        waits.append(bench.clock.time - started_at)

    assert bench.outcomes == [Outcome.FAILED] * (MAX_ATTEMPTS - 1) + [Outcome.DEAD]
    assert waits[0] < waits[3] < waits[5] < waits[-1] <= MAX_RETRY_DELAY
    (dead,) = await bench.service.find_dead()
    assert dead.last_error == "ZeroDivisionError"
    assert dead.attempts == MAX_ATTEMPTS


@pytest.mark.parametrize("error", [MailNotSent, FileStoreUnavailable, StorageUnavailable])
async def test_a_job_is_retried_for_a_day_during_an_outage(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda shortest, longest: shortest)
    bench, waits = Bench(), list[timedelta]()

    async def is_down(job: Job) -> None:
        raise error

    await add(bench.storage, a_job())
    while not await bench.service.find_dead():
        assert await bench.worker(is_down).work() == 1
        waits.append(retry_delay(len(waits) + 1))
        bench.clock.time += waits[-1]

    assert sum(waits[:-1], timedelta()) >= timedelta(hours=24)
    assert waits[0] <= timedelta(seconds=5) and waits[-1] <= HOUR


async def test_a_permanently_refused_mail_is_not_retried() -> None:
    bench = Bench()

    async def is_refused(job: Job) -> None:
        raise MailRefused("550 5.1.1")

    await add(bench.storage, a_job())
    await bench.worker(is_refused).work()
    assert bench.outcomes == [Outcome.DEAD]


async def test_a_dead_letter_can_be_requeued_or_discarded() -> None:
    bench = Bench()
    await add(bench.storage, a_job(attempts=MAX_ATTEMPTS - 1), a_job(attempts=MAX_ATTEMPTS - 1))
    await bench.worker(fails).work()
    first, second = await bench.service.find_dead()
    await bench.service.requeue(first.id)
    await bench.service.discard(second.id)
    await bench.worker(does_nothing).work()

    assert bench.outcomes[-1] is Outcome.DONE
    assert await bench.counts() == JobCounts(0, 0, 0)
    for dead_letter in (first, second):
        with pytest.raises(JobNotFound):
            await bench.service.requeue(dead_letter.id)


async def test_all_dead_letters_of_a_kind_are_requeued_once_or_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BATCH_SIZE", 2)
    bench = Bench()
    await add(
        bench.storage, *(a_job(kind=kind, attempts=MAX_ATTEMPTS - 1) for kind in ("one", "two") for _ in range(5))
    )
    handlers = {"one": fails, "two": fails}
    worker = JobWorker(bench.storage.unit_of_work, handlers, bench.attempts, bench.clock)
    while await worker.work():
        pass

    assert await bench.service.requeue_all("one") == 5
    assert await bench.service.requeue_all("none") == 0
    assert (await bench.counts()).failures == {"two": FailureCounts(retried=0, dead=5)}
    await worker.work()
    assert (await bench.counts()).failures["one"] == FailureCounts(retried=5, dead=0)
    assert await bench.service.discard_all() == 5
    assert await bench.counts() == JobCounts(0, 5, 0, failures={"one": FailureCounts(retried=5, dead=0)})


async def test_a_job_that_must_wait_runs_later_without_an_attempt() -> None:
    bench = Bench()
    waits = [JobMustWait(HOUR), None]

    async def waits_once(job: Job) -> None:
        if error := waits.pop(0):
            raise error

    await add(bench.storage, a_job(attempts=MAX_ATTEMPTS - 1))
    worker = bench.worker(waits_once)
    assert [await worker.work(), await worker.work()] == [1, 0]
    bench.clock.time += HOUR
    assert await worker.work() == 1
    assert bench.outcomes == [Outcome.WAITING, Outcome.DONE]
    assert bench.attempts.errors == []


def test_delays_grow_with_jitter_up_to_a_maximum() -> None:
    for attempts in range(1, 200):
        delays = {retry_delay(attempts) for _ in range(20)}
        assert len(delays) > 1
        assert max(delays) <= MAX_RETRY_DELAY
    assert retry_delay(1) <= timedelta(seconds=5)
    assert retry_delay(200) >= MAX_RETRY_DELAY * 0.8


async def last_error_of(error: Exception) -> tuple[str | None, list[Exception]]:
    """Return what is stored of an error, and which errors are logged as unexpected."""
    bench = Bench()

    async def fails_with(job: Job) -> None:
        raise error

    await add(bench.storage, a_job(attempts=MAX_OUTAGE_ATTEMPTS - 1))
    await bench.worker(fails_with).work()
    (dead,) = await bench.service.find_dead()
    return dead.last_error, bench.attempts.errors


@pytest.mark.parametrize("error", [MailNotSent, FileStoreUnavailable, StorageUnavailable])
async def test_the_message_of_an_expected_error_is_stored_as_one_printable_line(error: type[Exception]) -> None:
    stored, logged = await last_error_of(error("refused: Empf\udce4nger\r\n\x1b[31m\0\u202e" + "x" * 1000))

    assert stored is not None and len(stored) == MAX_ERROR
    assert stored.startswith(rf"{error.__name__}: refused: Empf\udce4nger\r\n\x1b[31m\x00\u202ex")
    assert logged == []


async def test_the_message_of_another_error_is_logged_and_not_stored() -> None:
    error = LookupError("Key (email)=(kim@example.com) already exists")

    assert await last_error_of(error) == ("LookupError", [error])


async def test_a_job_that_killed_all_its_workers_becomes_a_dead_letter() -> None:
    bench, done = Bench(), list[Job]()

    async def do(job: Job) -> None:
        done.append(job)

    await add(bench.storage, a_job(attempts=MAX_ATTEMPTS, kills=MAX_ATTEMPTS))
    await bench.worker(do).work()
    assert done == []
    assert bench.outcomes == [Outcome.DEAD]
    (dead,) = await bench.service.find_dead()
    assert dead.last_error == "Abandoned"


async def test_a_failing_job_does_not_delay_other_jobs() -> None:
    bench = Bench()

    async def fail_the_first(job: Job) -> None:
        if job.payload["n"] == 0:
            raise ZeroDivisionError

    await add(bench.storage, *(a_job(payload={"n": n}) for n in range(20)))
    worker = bench.worker(fail_the_first)
    while await worker.work():
        pass
    assert sorted(bench.outcomes) == [Outcome.DONE] * 19 + [Outcome.FAILED]


async def test_a_recurring_job_runs_once_per_interval_for_all_workers() -> None:
    bench = Bench()
    workers = [bench.worker(RecurringJob(does_nothing, HOUR)) for _ in range(3)]
    for worker in workers:
        await worker.prepare()
    assert [await worker.work() for worker in workers] == [1, 0, 0]
    assert await bench.counts() == JobCounts(0, 1, 0)
    bench.clock.time += HOUR
    assert [await worker.work() for worker in workers] == [1, 0, 0]


async def test_a_recurring_job_never_becomes_a_dead_letter() -> None:
    bench = Bench()
    worker = bench.worker(RecurringJob(fails, HOUR))
    await worker.prepare()
    for _ in range(MAX_ATTEMPTS + 2):
        assert await worker.work() == 1
        bench.clock.time += HOUR
    assert set(bench.outcomes) == {Outcome.FAILED}


async def test_a_job_of_an_unknown_kind_waits_for_a_newer_worker() -> None:
    bench, newer = Bench(), "of a newer version"
    await add(bench.storage, a_job(kind=newer))
    for _ in range(MAX_ATTEMPTS + 2):
        assert await bench.worker(does_nothing).work() == 1
        bench.clock.time += MAX_RETRY_DELAY
    assert set(bench.outcomes) == {Outcome.FAILED}
    assert (await bench.counts()).due == 1

    knows = JobWorker(bench.storage.unit_of_work, {newer: does_nothing}, bench.attempts, bench.clock)
    assert await knows.work() == 1
    assert bench.outcomes[-1] is Outcome.DONE


async def killed_worker(storage: InMemoryStorage) -> list[Job]:
    """Claim the due jobs and start them, as a worker does that is then killed."""
    return [await start(storage, job, LEASE) for job in await claim(storage, LEASE, MAX_CONCURRENT_JOBS)]


async def test_another_worker_runs_the_job_of_a_killed_worker_after_the_lease() -> None:
    bench = Bench()
    await add(bench.storage, a_job())
    await killed_worker(bench.storage)

    other = bench.worker(does_nothing)
    assert await other.work() == 0
    bench.clock.time += LEASE
    assert await other.work() == 1


async def test_a_worker_whose_clock_is_ahead_takes_no_live_lease() -> None:
    bench, ahead = Bench(), SettableClock()
    await add(bench.storage, a_job())
    await killed_worker(bench.storage)

    ahead.time += LEASE + timedelta(seconds=1)
    other = JobWorker(bench.storage.unit_of_work, {"example": does_nothing}, bench.attempts, ahead)
    assert await other.work() == 0


async def test_a_job_that_was_claimed_by_killed_workers_but_never_tried_is_run() -> None:
    bench = Bench()
    await add(bench.storage, a_job())
    for _ in range(MAX_ATTEMPTS):
        assert len(await claim(bench.storage, LEASE)) == 1
        bench.clock.time += LEASE
    await bench.worker(does_nothing).work()
    assert bench.outcomes == [Outcome.DONE]


async def test_only_the_job_that_kills_its_workers_becomes_a_dead_letter() -> None:
    bench, killed, done = Bench(), asyncio.Event(), list[int]()

    def unit_of_work() -> JobUnitOfWork:
        if killed.is_set():
            raise StorageUnavailable("a killed worker stores nothing")
        return bench.storage.unit_of_work()

    async def do(job: Job) -> None:
        if job.payload["n"] == 3:
            killed.set()
        for _ in range(100):
            await asyncio.sleep(0)
        done.append(job.payload["n"])

    await add(bench.storage, *(a_job(payload={"n": n}) for n in range(MAX_CONCURRENT_JOBS)))
    for _ in range(MAX_ATTEMPTS + 1):
        worker = JobWorker(unit_of_work, {"example": do}, bench.attempts, bench.clock)
        working, being_killed = asyncio.create_task(worker.work()), asyncio.create_task(killed.wait())
        await asyncio.wait({working, being_killed}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        being_killed.cancel()
        await asyncio.wait({working, being_killed})
        killed.clear()
        bench.clock.time += LEASE

    assert sorted(done) == [0, 1, 2, 4, 5, 6, 7]
    (dead,) = await bench.service.find_dead()
    assert (dead.payload, dead.attempts, dead.last_error) == ({"n": 3}, MAX_ATTEMPTS, "Abandoned")
    assert await bench.counts() == JobCounts(0, 0, 1, failures={"example": FailureCounts(retried=0, dead=1)})


async def test_an_outage_does_not_count_as_killed_workers() -> None:
    bench = Bench()

    async def is_down(job: Job) -> None:
        raise MailNotSent

    await add(bench.storage, a_job())
    for _ in range(MAX_ATTEMPTS + 2):
        await bench.worker(is_down).work()
        bench.clock.time += MAX_RETRY_DELAY
    await killed_worker(bench.storage)
    bench.clock.time += LEASE
    await bench.worker(does_nothing).work()
    assert bench.outcomes[-2:] == [Outcome.FAILED, Outcome.DONE]


async def test_a_job_whose_attempts_failed_becomes_a_dead_letter_when_it_killed_ten_workers() -> None:
    bench = Bench()
    await add(bench.storage, a_job(attempts=12, last_error="MailNotSent"))
    for kill in range(MAX_ATTEMPTS):
        assert len(await killed_worker(bench.storage)) == 1, kill
        bench.clock.time += LEASE
    await bench.worker(does_nothing).work()
    assert bench.outcomes == [Outcome.DEAD]


async def test_the_lease_of_a_long_job_is_renewed() -> None:
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


async def test_a_long_job_does_not_delay_other_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, stop, started, may_end, done = Bench(), asyncio.Event(), asyncio.Event(), asyncio.Event(), list[int]()
    monkeypatch.setattr(job_worker, "POLL_INTERVAL", 0.01)

    async def do(job: Job) -> None:
        if job.payload["n"] == 0:
            started.set()
            await may_end.wait()
        done.append(job.payload["n"])
        if len(done) == 20:
            may_end.set()
        if len(done) == 21:
            stop.set()

    await add(bench.storage, a_job(payload={"n": 0}))
    running = asyncio.create_task(bench.worker(do).run(stop))
    await started.wait()
    await add(bench.storage, *(a_job(payload={"n": n}) for n in range(1, 21)))
    async with asyncio.timeout(5):
        await running
    assert done[-1] == 0
    assert sorted(done) == list(range(21))


async def test_the_number_of_concurrent_jobs_is_limited() -> None:
    bench, stop, now, most, done = Bench(), asyncio.Event(), 0, 0, 0

    async def do(job: Job) -> None:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now, done = now - 1, done + 1
        if done == 4 * MAX_CONCURRENT_JOBS:
            stop.set()

    await add(bench.storage, *(a_job() for _ in range(4 * MAX_CONCURRENT_JOBS)))
    await bench.worker(do).run(stop)
    assert most == MAX_CONCURRENT_JOBS


async def test_a_stopped_worker_finishes_running_jobs_and_starts_no_more() -> None:
    bench, stop, started, may_end = Bench(), asyncio.Event(), asyncio.Event(), asyncio.Event()
    await add(bench.storage, a_job())

    async def do(job: Job) -> None:
        started.set()
        await may_end.wait()

    running = asyncio.create_task(bench.worker(do).run(stop))
    await started.wait()
    await add(bench.storage, a_job())
    stop.set()
    may_end.set()
    await running
    assert bench.outcomes == [Outcome.DONE]
    assert await bench.counts() == JobCounts(1, 0, 0)


async def test_a_worker_survives_a_storage_outage() -> None:
    bench, stop, is_down = Bench(), asyncio.Event(), True

    def unit_of_work() -> object:
        if is_down:
            raise StorageUnavailable("down")
        return bench.storage.unit_of_work()

    async def do(job: Job) -> None:
        stop.set()

    worker = JobWorker(unit_of_work, {"example": do}, bench.attempts, bench.clock)  # type: ignore[arg-type]
    await add(bench.storage, a_job())
    running = asyncio.create_task(worker.run(stop))
    await asyncio.sleep(0.01)
    is_down = False
    await running
    assert bench.outcomes == [Outcome.DONE]


async def test_a_stopped_worker_waits_only_for_the_shutdown_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, stop, started = Bench(), asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(job_worker, "SHUTDOWN_TIMEOUT", 0.01)
    await add(bench.storage, a_job())

    async def hangs(job: Job) -> None:
        started.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(bench.worker(hangs).run(stop))
    await started.wait()
    stop.set()
    async with asyncio.timeout(5):
        await running
    assert bench.outcomes == []
    assert await bench.worker(does_nothing).work() == 1
    assert bench.outcomes == [Outcome.DONE]


@pytest.mark.parametrize("step", ["claim", "start", "extend", "finish"])
async def test_a_worker_survives_an_internal_error_and_reports_it(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert [type(error) for error in bench.attempts.errors] == [ZeroDivisionError]
