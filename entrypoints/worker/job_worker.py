import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from application.audit.origin import Origin, running_for
from application.jobs.ports import Job, JobId, JobMonitor, JobMustWait, JobUnitOfWork, Outcome
from application.platform.clock import Clock
from application.platform.retry import retried
from application.platform.unit_of_work import StorageUnavailable
from domain.audit.audit_event import Source
from entrypoints.worker.failures import (
    EXPECTED_ERRORS,
    MAX_ATTEMPTS,
    MAX_RETRY_DELAY,
    Abandoned,
    UnknownJobKind,
    format_error,
    max_attempts,
    retry_delay,
)

MAX_CONCURRENT_JOBS: Final = 8

MAX_SHARED_KILLS: Final = 3
"""After this many killed workers, a job is suspected to be the cause. A worker runs one suspect at a time: suspects
that run together would count each other's kills."""

UNKNOWN_KIND_DELAY: Final = timedelta(minutes=1)
"""Delay of a job without a handler in this worker, until a worker of another version may claim it."""

POLL_INTERVAL = 0.5
"""Seconds between two polls of an empty queue."""

SHUTDOWN_TIMEOUT = 5.0
"""Seconds that running jobs have to finish at shutdown. After that other workers run them again."""

Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RecurringJob:
    """A handler that runs periodically. After a failure it is retried and never becomes a dead letter."""

    handler: Handler
    interval: timedelta


class JobWorker:
    """Run due jobs concurrently. Any number of workers may share a queue.

    A worker claims a job for the time `lease` and renews the lease while the job runs. If the worker is killed,
    another one runs the job after the lease. A worker that is stopped releases its jobs.

    A failed job is retried with exponential backoff and becomes a dead letter after `max_attempts` of its error. A job
    with MAX_ATTEMPTS killed workers becomes one too. A claim before the start does not count.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], JobUnitOfWork],
        handlers: Mapping[str, Handler | RecurringJob],
        monitor: JobMonitor,
        clock: Clock,
        lease: timedelta = timedelta(seconds=30),
    ) -> None:
        self._unit_of_work = unit_of_work
        self._handlers = {kind: h.handler if isinstance(h, RecurringJob) else h for kind, h in handlers.items()}
        self._recurring = {kind: h.interval for kind, h in handlers.items() if isinstance(h, RecurringJob)}
        self._monitor = monitor
        self._clock = clock
        self._lease = lease
        self._suspects = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until `stop` is set. Running jobs then have SHUTDOWN_TIMEOUT to finish."""
        loop = asyncio.create_task(self._poll(stop))
        try:
            await stop.wait()
            await asyncio.wait([loop], timeout=SHUTDOWN_TIMEOUT)
        finally:
            await _cancel(loop)

    async def _poll(self, stop: asyncio.Event) -> None:
        """Claim jobs whenever fewer than MAX_CONCURRENT_JOBS run, so that a long job does not delay others."""
        is_prepared = False
        running: set[asyncio.Task[Any]] = set()
        async with asyncio.TaskGroup() as group:
            stopping: asyncio.Task[Any] = group.create_task(stop.wait())
            while not stop.is_set():
                jobs: list[Job] = []
                with self._survive_errors():
                    if not is_prepared:
                        await self.prepare()
                        is_prepared = True
                    jobs = await self._claim(MAX_CONCURRENT_JOBS - len(running))
                running |= {group.create_task(self._run_job(job)) for job in jobs}
                if len(running) == MAX_CONCURRENT_JOBS:
                    await asyncio.wait({stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
                elif not jobs:
                    await asyncio.wait({stopping}, timeout=POLL_INTERVAL)
                running = {task for task in running if not task.done()}

    @retried
    async def prepare(self) -> None:
        """Add the recurring jobs that the queue does not have yet."""
        async with self._unit_of_work() as uow:
            await uow.jobs.add(*(Job(id=JobId(uuid5(NAMESPACE_URL, kind)), kind=kind) for kind in self._recurring))
            await uow.commit()

    async def work(self) -> int:
        """Run up to MAX_CONCURRENT_JOBS due jobs and wait for them. Return their number."""
        jobs = await self._claim(MAX_CONCURRENT_JOBS)
        await asyncio.gather(*map(self._run_job, jobs))
        return len(jobs)

    @retried
    async def _claim(self, limit: int) -> list[Job]:
        async with self._unit_of_work() as uow:
            jobs = await uow.jobs.claim(self._lease, limit=limit)
            await uow.commit()
        return jobs

    async def _run_job(self, job: Job) -> None:
        async with self._suspects if _is_suspect(job) else nullcontext():
            if job.kind not in self._handlers:
                await self._conclude(job, UnknownJobKind(job.kind))
            elif job.killed_workers >= MAX_ATTEMPTS and job.kind not in self._recurring:
                await self._conclude(job, Abandoned())
            else:
                await self._attempt(job)

    async def _attempt(self, claimed: Job) -> None:
        job, began_at, error = None, monotonic(), None
        with self._survive_errors():
            job = await self._start(claimed)
        if job is None:
            return
        try:
            await self._handle(job)
        except asyncio.CancelledError:
            with self._survive_errors():
                await self._release(job)
            raise
        except Exception as failure:
            error = failure
        await self._conclude(job, error, monotonic() - began_at)

    async def _handle(self, job: Job) -> None:
        renewing = asyncio.create_task(self._renew(job))
        try:
            with running_for(lambda: Origin(source=Source.JOB, correlation_id=job.id)):
                await self._handlers[job.kind](job)
        finally:
            await _cancel(renewing)

    async def _conclude(self, job: Job, error: Exception | None, seconds: float = 0) -> None:
        with self._survive_errors():
            if error is not None and not isinstance(error, (*EXPECTED_ERRORS, JobMustWait, UnknownJobKind, Abandoned)):
                self._monitor.worker_error(error)
            outcome = await self._settle(job, error)
            self._monitor.attempt_finished(job, outcome, seconds, error)

    @retried
    async def _start(self, job: Job) -> Job | None:
        async with self._unit_of_work() as uow:
            started = await uow.jobs.start(job, self._lease)
            await uow.commit()
        return started

    @retried
    async def _release(self, job: Job) -> None:
        async with self._unit_of_work() as uow:
            await uow.jobs.release(job)
            await uow.commit()

    @retried
    async def _settle(self, job: Job, error: Exception | None) -> Outcome:
        interval = self._recurring.get(job.kind)
        async with self._unit_of_work() as uow:
            if error is None:
                outcome = Outcome.DONE
                if interval is None:
                    await uow.jobs.finish(job, self._clock.now())
                else:
                    await uow.jobs.postpone(job, interval)
            elif isinstance(error, JobMustWait):
                outcome = Outcome.WAITING
                await uow.jobs.postpone(job, error.delay)
            elif isinstance(error, UnknownJobKind):
                outcome = Outcome.FAILED
                await uow.jobs.postpone(job, UNKNOWN_KIND_DELAY)
            elif job.attempts < max_attempts(error) or interval is not None:
                outcome = Outcome.FAILED
                delay = min(retry_delay(job.attempts), interval or MAX_RETRY_DELAY)
                await uow.jobs.postpone(job, delay, error=format_error(error))
            else:
                outcome = Outcome.DEAD
                await uow.jobs.dead_letter(job, self._clock.now(), error=format_error(error))
            await uow.commit()
        return outcome

    async def _renew(self, job: Job) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            with self._survive_errors():
                await self._extend(job)

    @retried
    async def _extend(self, job: Job) -> None:
        async with self._unit_of_work() as uow:
            await uow.jobs.extend(job, self._lease)
            await uow.commit()

    @contextmanager
    def _survive_errors(self) -> Iterator[None]:
        """Keep the worker running if claiming, renewing or settling fails: the job is run again after its lease."""
        try:
            yield
        except StorageUnavailable:
            pass  # the storage itself reports outages
        except Exception as error:
            self._monitor.worker_error(error)


def _is_suspect(job: Job) -> bool:
    return job.killed_workers >= MAX_SHARED_KILLS


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
