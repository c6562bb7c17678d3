from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.memory.engine.transaction import Staged, WriteLock
from application.jobs.ports import Job, JobCounts, JobId, JobNotFound


class InMemoryJobQueue:
    def __init__(self, jobs: Staged[JobId, Job], lock: WriteLock) -> None:
        self._jobs = jobs
        self._lock = lock

    async def add(self, *jobs: Job) -> None:
        await self._lock.acquire()
        for job in jobs:
            if self._jobs.get(job.id) is None:
                self._jobs.put(job.id, job)

    async def claim(self, now: datetime, until: datetime, *, limit: int) -> list[Job]:
        if not self._due(now):
            return []
        await self._lock.acquire()
        claimed = [replace(job, run_at=until, attempts=job.attempts + 1) for job in self._due(now)[:limit]]
        for job in claimed:
            self._jobs.put(job.id, job)
        return claimed

    async def extend(self, job: Job, until: datetime) -> None:
        await self._replace(job, run_at=until)

    async def finish(self, job: Job) -> None:
        await self._lock.acquire()
        if self._find_claimed(job) is not None:
            self._jobs.drop(job.id)

    async def postpone(self, job: Job, run_at: datetime, *, error: str | None = None) -> None:
        await self._replace(job, run_at=run_at, attempts=job.attempts if error else 0, last_error=error)

    async def dead_letter(self, job: Job, at: datetime, *, error: str) -> None:
        await self._replace(job, died_at=at, last_error=error)

    async def find_dead(self, *, limit: int) -> list[Job]:
        dead = [(job.died_at, job.id, job) for job in self._jobs.values() if job.died_at is not None]
        return [job for _, _, job in sorted(dead, reverse=True)[:limit]]

    async def requeue(self, job_id: JobId, at: datetime) -> None:
        await self._lock.acquire()
        job = replace(self._get_dead(job_id), run_at=at, attempts=0, died_at=None, last_error=None)
        self._jobs.put(job_id, job)

    async def discard(self, job_id: JobId) -> None:
        await self._lock.acquire()
        self._jobs.drop(self._get_dead(job_id).id)

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        await self._lock.acquire()
        removed = [job.id for job in self._jobs.values() if job.died_at is not None and job.died_at <= before][:limit]
        for job_id in removed:
            self._jobs.drop(job_id)
        return len(removed)

    async def counts(self, now: datetime) -> JobCounts:
        jobs = list(self._jobs.values())
        dead, due = sum(job.died_at is not None for job in jobs), len(self._due(now))
        return JobCounts(due=due, waiting=len(jobs) - due - dead, dead=dead)

    def _due(self, now: datetime) -> list[Job]:
        due = [job for job in self._jobs.values() if job.died_at is None and job.run_at <= now]
        return sorted(due, key=lambda job: (job.run_at, job.id))

    def _find_claimed(self, job: Job) -> Job | None:
        """Return the stored job unless another worker has claimed it since."""
        stored = self._jobs.get(job.id)
        is_still_claimed = stored is not None and stored.died_at is None and stored.attempts == job.attempts
        return stored if is_still_claimed else None

    async def _replace(self, job: Job, **changes: Any) -> None:
        await self._lock.acquire()
        if (stored := self._find_claimed(job)) is not None:
            self._jobs.put(job.id, replace(stored, **changes))

    def _get_dead(self, job_id: JobId) -> Job:
        job = self._jobs.get(job_id)
        if job is None or job.died_at is None:
            raise JobNotFound
        return job
