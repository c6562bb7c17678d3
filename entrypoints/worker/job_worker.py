import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from application.jobs.ports import Job, JobId, JobMonitor, JobUnitOfWork, Outcome
from application.platform.clock import Clock
from application.platform.retry import retried
from application.platform.unit_of_work import StorageUnavailable

AT_ONCE: Final = 8


ATTEMPTS: Final = 10


FIRST_DELAY: Final = timedelta(seconds=5)
"""Before the second attempt; doubled for each further one up to LONGEST_DELAY, and jittered down to a half."""


LONGEST_DELAY: Final = timedelta(hours=1)


UNKNOWN_DELAY: Final = timedelta(minutes=1)
"""Until a worker that knows no handler for a job gives others the next chance."""


IDLE_SECONDS = 0.5
"""Between two looks into an empty queue."""


PARTING_SECONDS = 5.0
"""For what was begun when a worker is told to stop."""


MAX_ERROR: Final = 500
"""Characters."""


Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Recurring:
    """A kind of job that is always there: done, it waits for its next time; failed, it is never given up."""

    handler: Handler
    every: timedelta


class UnknownJob(Exception):
    """No handler is known for its kind. It waits, as long as it takes: perhaps a newer program has added it."""


class Abandoned(Exception):
    """Every worker that began it was killed, perhaps by it."""


class JobWorker:
    """Does jobs as they fall due, several at a time. Any number of workers may share a queue.

    A job is a worker's for `lease`, which is renewed while it works: what a killed worker had begun, others
    do after that time.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], JobUnitOfWork],
        handlers: Mapping[str, Handler | Recurring],
        monitor: JobMonitor,
        clock: Clock,
        lease: timedelta = timedelta(seconds=30),
    ) -> None:
        self._unit_of_work = unit_of_work
        self._handlers = {kind: h.handler if isinstance(h, Recurring) else h for kind, h in handlers.items()}
        self._recurring = {kind: h.every for kind, h in handlers.items() if isinstance(h, Recurring)}
        self._monitor = monitor
        self._clock = clock
        self._lease = lease

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. What was begun by then is ended first, or left to others if it takes PARTING_SECONDS."""
        working = asyncio.create_task(self._keep_working(stop))
        try:
            await stop.wait()
            await asyncio.wait([working], timeout=PARTING_SECONDS)
        finally:
            await _cancelled(working)

    async def _keep_working(self, stop: asyncio.Event) -> None:
        """A job that takes long holds up no other, while there is room for one more."""
        is_prepared = False
        doing: set[asyncio.Task[Any]] = set()
        async with asyncio.TaskGroup() as group:
            stopping: asyncio.Task[Any] = group.create_task(stop.wait())
            while not stop.is_set():
                jobs: list[Job] = []
                with self._enduring():
                    if not is_prepared:
                        await self.prepare()
                        is_prepared = True
                    jobs = await self._claim(AT_ONCE - len(doing))
                doing |= {group.create_task(self._do(job)) for job in jobs}
                if len(doing) == AT_ONCE:
                    await asyncio.wait({stopping, *doing}, return_when=asyncio.FIRST_COMPLETED)
                elif not jobs:
                    await asyncio.wait({stopping}, timeout=IDLE_SECONDS)
                doing = {each for each in doing if not each.done()}

    @retried
    async def prepare(self) -> None:
        """See to it that the recurring jobs are there."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            await uow.jobs.add(
                *(Job(id=JobId(uuid5(NAMESPACE_URL, kind)), kind=kind, run_at=now) for kind in self._recurring)
            )
            await uow.commit()

    async def work(self) -> int:
        """Do some of the jobs that are due, each to its end; how many."""
        jobs = await self._claim(AT_ONCE)
        await asyncio.gather(*map(self._do, jobs))
        return len(jobs)

    @retried
    async def _claim(self, limit: int) -> list[Job]:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            jobs = await uow.jobs.claim(now, now + self._lease, limit=limit)
            await uow.commit()
        return jobs

    async def _do(self, job: Job) -> None:
        began, error = monotonic(), None
        renewing = asyncio.create_task(self._renew(job))
        try:
            handler = self._handlers.get(job.kind)
            if handler is None:
                raise UnknownJob(job.kind)
            if job.attempts > ATTEMPTS and job.kind not in self._recurring:
                raise Abandoned
            await handler(job)
        except Exception as failure:
            error = failure
        finally:
            await _cancelled(renewing)
        with self._enduring():
            outcome = await self._settle(job, error)
            self._monitor.ended(job, outcome, monotonic() - began, error)

    @retried
    async def _settle(self, job: Job, error: Exception | None) -> Outcome:
        now = self._clock.now()
        every = self._recurring.get(job.kind)
        async with self._unit_of_work() as uow:
            if error is None:
                outcome = Outcome.DONE
                await (uow.jobs.finish(job) if every is None else uow.jobs.postpone(job, now + every))
            elif isinstance(error, UnknownJob):
                outcome = Outcome.FAILED
                await uow.jobs.postpone(job, now + UNKNOWN_DELAY)
            elif job.attempts < ATTEMPTS or every is not None:
                outcome = Outcome.FAILED
                delay = min(delay_after(job.attempts), every or LONGEST_DELAY)
                await uow.jobs.postpone(job, now + delay, error=_told(error))
            else:
                outcome = Outcome.BURIED
                await uow.jobs.bury(job, now, error=_told(error))
            await uow.commit()
        return outcome

    async def _renew(self, job: Job) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            with self._enduring():
                await self._extend(job)

    @retried
    async def _extend(self, job: Job) -> None:
        async with self._unit_of_work() as uow:
            await uow.jobs.extend(job, self._clock.now() + self._lease)
            await uow.commit()

    @contextmanager
    def _enduring(self) -> Iterator[None]:
        """Whatever keeps a job from being claimed, kept or settled: it waits, or is done once more after its lease."""
        try:
            yield
        except StorageUnavailable:
            pass  # told by whoever watches the storage
        except Exception as error:
            self._monitor.stumbled(error)


def delay_after(attempts: int) -> timedelta:
    longest: timedelta = min(FIRST_DELAY * 2 ** min(attempts - 1, 20), LONGEST_DELAY)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _told(error: Exception) -> str:
    """One line of what any database can keep: another server may have said anything, in any encoding."""
    text = f"{type(error).__name__}: {error}"[:MAX_ERROR]
    return "".join(each if each.isprintable() else " " for each in text)
