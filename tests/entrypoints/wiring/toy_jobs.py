"""The jobs of the toy storage."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from application.jobs.ports import Job, JobCounts, JobId, JobNotFound
from tests.entrypoints.wiring.toy_accounts import Access


class ToyJobs:
    def __init__(self, uow: Access) -> None:
        self._uow = uow

    async def add(self, *jobs: Job) -> None:
        lists = await self._uow.write()
        for job in jobs:
            if job.id not in [other.id for other in lists.jobs]:
                lists.jobs.append(job)

    async def claim(self, now: datetime, until: datetime, *, limit: int) -> list[Job]:
        lists = await self._uow.write()
        due = [job for job in lists.jobs if job.died_at is None and job.run_at <= now]
        due = sorted(due, key=lambda job: (job.run_at, job.id))[:limit]
        for job in due:
            await self._change(job, run_at=until, attempts=job.attempts + 1)
        return [job for job in lists.jobs if job.id in [other.id for other in due]]

    async def extend(self, job: Job, until: datetime) -> None:
        await self._change(job, run_at=until)

    async def finish(self, job: Job) -> None:
        lists = await self._uow.write()
        lists.jobs = [other for other in lists.jobs if not _is_claim(job, other)]

    async def postpone(self, job: Job, run_at: datetime, *, error: str | None = None) -> None:
        await self._change(job, run_at=run_at, last_error=error, attempts=job.attempts if error else 0)

    async def bury(self, job: Job, at: datetime, *, error: str) -> None:
        await self._change(job, died_at=at, last_error=error)

    async def dead(self, *, limit: int) -> list[Job]:
        dead = [(job.died_at, job.id, job) for job in self._uow.read().jobs if job.died_at is not None]
        return [job for _, _, job in sorted(dead, reverse=True)][:limit]

    async def revive(self, job_id: JobId, at: datetime) -> None:
        await self.add(replace(await self._taken_out(job_id), run_at=at, attempts=0, died_at=None, last_error=None))

    async def discard(self, job_id: JobId) -> None:
        await self._taken_out(job_id)

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        lists = await self._uow.write()
        gone = [job for job in lists.jobs if job.died_at is not None and job.died_at <= before][:limit]
        lists.jobs = [job for job in lists.jobs if job not in gone]
        return len(gone)

    async def counts(self, now: datetime) -> JobCounts:
        alive = [job for job in self._uow.read().jobs if job.died_at is None]
        due = len([job for job in alive if job.run_at <= now])
        return JobCounts(due, len(alive) - due, len(self._uow.read().jobs) - len(alive))

    async def _change(self, job: Job, **changes: Any) -> None:
        lists = await self._uow.write()
        lists.jobs = [replace(other, **changes) if _is_claim(job, other) else other for other in lists.jobs]

    async def _taken_out(self, job_id: JobId) -> Job:
        lists = await self._uow.write()
        for job in lists.jobs:
            if job.id == job_id and job.died_at is not None:
                lists.jobs = [other for other in lists.jobs if other.id != job_id]
                return job
        raise JobNotFound


def _is_claim(job: Job, stored: Job) -> bool:
    return job.id == stored.id and job.attempts == stored.attempts and stored.died_at is None
