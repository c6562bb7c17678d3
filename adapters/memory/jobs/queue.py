from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from adapters.memory.engine.transaction import Staged, WriteLock
from application.jobs.ports import AT_ONCE, FailureCounts, Job, JobCounts, JobId, JobNotFound
from domain.identity.user import UserId


class InMemoryJobQueue:
    def __init__(self, jobs: Staged[JobId, Job], lock: WriteLock, now: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._lock = lock
        self._now = now

    async def add(self, *jobs: Job, delay: timedelta = AT_ONCE) -> None:
        await self._lock.acquire()
        for job in jobs:
            if self._jobs.get(job.id) is None:
                self._jobs.put(job.id, replace(job, run_at=self._now() + delay))

    async def claim(self, lease: timedelta, *, limit: int) -> list[Job]:
        if not self._due():
            return []
        await self._lock.acquire()
        until = self._now() + lease
        claimed = [replace(job, run_at=until, claims=job.claims + 1) for job in self._due()[:limit]]
        for job in claimed:
            self._jobs.put(job.id, job)
        return claimed

    async def start(self, job: Job, lease: timedelta) -> Job | None:
        now = self._now()
        started = {"attempts": job.attempts + 1, "kills": job.killed_workers, "started_at": now}
        return await self._replace(job, run_at=now + lease, **started)

    async def extend(self, job: Job, lease: timedelta) -> None:
        await self._replace(job, run_at=self._now() + lease)

    async def finish(self, job: Job, at: datetime) -> None:
        if job.requester_id is not None:
            await self._replace(job, finished_at=at, last_error=None)
            return
        await self._lock.acquire()
        if self._find_claimed(job) is not None:
            self._jobs.drop(job.id)

    async def postpone(self, job: Job, delay: timedelta, *, error: str | None = None) -> None:
        attempts, kills = (job.attempts, job.kills) if error else (0, 0)
        counted = {"attempts": attempts, "kills": kills, "started_at": None}
        await self._replace(job, run_at=self._now() + delay, last_error=error, **counted)

    async def release(self, job: Job) -> None:
        await self._replace(job, run_at=self._now(), attempts=job.attempts - 1, started_at=None)

    async def dead_letter(self, job: Job, at: datetime, *, error: str) -> None:
        await self._replace(job, died_at=at, last_error=error)

    async def get_requested(self, job_id: JobId, *, requester_id: UserId) -> Job:
        job = self._jobs.get(job_id)
        if job is None or job.requester_id != requester_id:
            raise JobNotFound(ids=[job_id])
        return job

    async def find_pending(self, kind: str, *, requester_id: UserId) -> list[Job]:
        requested = (job for job in self._jobs.values() if (job.requester_id, job.kind) == (requester_id, kind))
        return sorted((job for job in requested if _is_pending(job)), key=lambda job: job.id)

    async def find_dead(self, *, limit: int) -> list[Job]:
        return self._dead()[::-1][:limit]

    async def requeue(self, job_id: JobId) -> None:
        await self._lock.acquire()
        self._renew(self._get_dead(job_id), self._now())

    async def discard(self, job_id: JobId) -> None:
        await self._lock.acquire()
        self._jobs.drop(self._get_dead(job_id).id)

    async def requeue_dead(self, kind: str, *, limit: int) -> int:
        await self._lock.acquire()
        requeued, now = [job for job in self._dead() if job.kind == kind][:limit], self._now()
        for job in requeued:
            self._renew(job, now)
        return len(requeued)

    async def discard_dead(self, kind: str, *, limit: int) -> int:
        await self._lock.acquire()
        discarded = [job for job in self._dead() if job.kind == kind][:limit]
        for job in discarded:
            self._jobs.drop(job.id)
        return len(discarded)

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        await self._lock.acquire()
        removed = [job.id for job in self._jobs.values() if job.died_at is not None and job.died_at <= before][:limit]
        for job_id in removed:
            self._jobs.drop(job_id)
        return len(removed)

    async def remove_finished(self, before: datetime, *, limit: int) -> int:
        await self._lock.acquire()
        jobs = self._jobs.values()
        removed = [job.id for job in jobs if job.finished_at is not None and job.finished_at <= before][:limit]
        for job_id in removed:
            self._jobs.drop(job_id)
        return len(removed)

    async def counts(self) -> JobCounts:
        jobs = [job for job in self._jobs.values() if job.finished_at is None]
        dead, due = len(self._dead()), self._due()
        oldest_due = self._now() - due[0].run_at if due and due[0].run_at else AT_ONCE
        return JobCounts(len(due), len(jobs) - len(due) - dead, dead, oldest_due, _count_failures(jobs))

    def _due(self) -> list[Job]:
        now = self._now()
        due = [(job.run_at, job.id, job) for job in self._jobs.values() if _is_pending(job) and job.run_at]
        return [job for run_at, _, job in sorted(due) if run_at <= now]

    def _dead(self) -> list[Job]:
        dead = [(job.died_at, job.id, job) for job in self._jobs.values() if job.died_at is not None]
        return [job for _, _, job in sorted(dead)]

    def _renew(self, job: Job, now: datetime) -> None:
        renewed = replace(job, attempts=0, kills=0, started_at=None, died_at=None, last_error=None)
        self._jobs.put(job.id, replace(renewed, run_at=now))

    def _find_claimed(self, job: Job) -> Job | None:
        """Return the stored job unless another worker has claimed it since."""
        stored = self._jobs.get(job.id)
        is_still_claimed = stored is not None and _is_pending(stored) and stored.claims == job.claims
        return stored if is_still_claimed else None

    async def _replace(self, job: Job, **changes: Any) -> Job | None:
        await self._lock.acquire()
        if (stored := self._find_claimed(job)) is None:
            return None
        changed = replace(stored, **changes)
        self._jobs.put(job.id, changed)
        return changed

    def _get_dead(self, job_id: JobId) -> Job:
        job = self._jobs.get(job_id)
        if job is None or job.died_at is None:
            raise JobNotFound
        return job


def _is_pending(job: Job) -> bool:
    return job.died_at is None and job.finished_at is None


def _count_failures(jobs: list[Job]) -> dict[str, FailureCounts]:
    retried = Counter(job.kind for job in jobs if _is_pending(job) and job.last_error is not None)
    dead = Counter(job.kind for job in jobs if job.died_at is not None)
    return {kind: FailureCounts(retried[kind], dead[kind]) for kind in sorted(retried.keys() | dead.keys())}
