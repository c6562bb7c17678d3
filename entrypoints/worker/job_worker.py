import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from application.files.ports import FileStoreUnavailable
from application.jobs.ports import Job, JobId, JobMonitor, JobUnitOfWork, Outcome
from application.platform.clock import Clock
from application.platform.mail import MailNotSent
from application.platform.retry import retried
from application.platform.unit_of_work import StorageUnavailable
from domain.errors import DomainError
from domain.text import escape_unprintable

MAX_CONCURRENT_JOBS: Final = 8

MAX_ATTEMPTS: Final = 10
"""A job becomes a dead letter after this many attempts; recurring jobs never do."""

MIN_RETRY_DELAY: Final = timedelta(seconds=5)
MAX_RETRY_DELAY: Final = timedelta(hours=1)
"""The delay starts at the minimum and doubles with each attempt up to the maximum; see `retry_delay`."""

UNKNOWN_KIND_DELAY: Final = timedelta(minutes=1)
"""Delay of a job without a handler in this worker, until a worker of another version may claim it."""

POLL_INTERVAL = 0.5
"""Seconds between two polls of an empty queue."""

SHUTDOWN_TIMEOUT = 5.0
"""Seconds that running jobs have to finish at shutdown. After that other workers run them again."""

MAX_ERROR: Final = 500
"""Characters that are stored of an error."""

EXPECTED_ERRORS: Final = (DomainError, MailNotSent, FileStoreUnavailable, StorageUnavailable)
"""Errors whose messages contain nothing from outside. Messages of other errors may quote replies of servers, with
mail addresses and reset links, or values of database rows: they are logged but not stored."""

Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RecurringJob:
    """A handler that runs periodically. After a failure it is retried and never becomes a dead letter."""

    handler: Handler
    interval: timedelta


class UnknownJobKind(Exception):
    """This worker has no handler for the kind of job. The job waits: a newer version may have added it."""


class Abandoned(Exception):
    """Every worker that started the job was killed, perhaps by the job."""


class JobWorker:
    """Run due jobs concurrently. Any number of workers may share a queue.

    A worker claims a job for the time `lease` and renews the lease while the job runs. If the worker is killed,
    another one runs the job after the lease.

    A failed job is retried with exponential backoff up to MAX_ATTEMPTS, then it becomes a dead letter.
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
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            await uow.jobs.add(
                *(Job(id=JobId(uuid5(NAMESPACE_URL, kind)), kind=kind, run_at=now) for kind in self._recurring)
            )
            await uow.commit()

    async def work(self) -> int:
        """Run up to MAX_CONCURRENT_JOBS due jobs and wait for them. Return their number."""
        jobs = await self._claim(MAX_CONCURRENT_JOBS)
        await asyncio.gather(*map(self._run_job, jobs))
        return len(jobs)

    @retried
    async def _claim(self, limit: int) -> list[Job]:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            jobs = await uow.jobs.claim(now, now + self._lease, limit=limit)
            await uow.commit()
        return jobs

    async def _run_job(self, job: Job) -> None:
        started_at, error = monotonic(), None
        renewing = asyncio.create_task(self._renew(job))
        try:
            handler = self._handlers.get(job.kind)
            if handler is None:
                raise UnknownJobKind(job.kind)
            if job.attempts > MAX_ATTEMPTS and job.kind not in self._recurring:
                raise Abandoned
            await handler(job)
        except Exception as failure:
            error = failure
        finally:
            await _cancel(renewing)
        with self._survive_errors():
            if error is not None and not isinstance(error, (*EXPECTED_ERRORS, UnknownJobKind, Abandoned)):
                self._monitor.worker_error(error)
            outcome = await self._settle(job, error)
            self._monitor.attempt_finished(job, outcome, monotonic() - started_at, error)

    @retried
    async def _settle(self, job: Job, error: Exception | None) -> Outcome:
        now = self._clock.now()
        interval = self._recurring.get(job.kind)
        async with self._unit_of_work() as uow:
            if error is None:
                outcome = Outcome.DONE
                await (uow.jobs.finish(job) if interval is None else uow.jobs.postpone(job, now + interval))
            elif isinstance(error, UnknownJobKind):
                outcome = Outcome.FAILED
                await uow.jobs.postpone(job, now + UNKNOWN_KIND_DELAY)
            elif job.attempts < MAX_ATTEMPTS or interval is not None:
                outcome = Outcome.FAILED
                delay = min(retry_delay(job.attempts), interval or MAX_RETRY_DELAY)
                await uow.jobs.postpone(job, now + delay, error=_format_error(error))
            else:
                outcome = Outcome.DEAD
                await uow.jobs.dead_letter(job, now, error=_format_error(error))
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
            await uow.jobs.extend(job, self._clock.now() + self._lease)
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


def retry_delay(attempts: int) -> timedelta:
    """Return the delay after a number of attempts: exponential backoff with jitter between 50 % and 100 %."""
    longest: timedelta = min(MIN_RETRY_DELAY * 2 ** min(attempts - 1, 20), MAX_RETRY_DELAY)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _format_error(error: Exception) -> str:
    """Return one line to store: the name of the error, and its message if this application writes the message."""
    name = type(error).__name__
    text = f"{name}: {error}" if isinstance(error, EXPECTED_ERRORS) else name
    return escape_unprintable(text[:MAX_ERROR])[:MAX_ERROR]
