from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Executable, Integer, Text, Uuid, bindparam, delete, func, select, update

from adapters.sql.engine.dialects import SqlDialect, delete_batch
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.schema.jobs import jobs
from application.jobs.ports import Job, JobCounts, JobId, JobNotFound

JOB_COLUMNS = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.owner_id,
    jobs.c.payload,
    jobs.c.run_at,
    jobs.c.attempts,
    jobs.c.died_at,
    jobs.c.last_error,
)


def _at(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=Instant)


_ID: Final = bindparam("key_id", type_=Uuid)
_LIMIT: Final = bindparam("limit", type_=Integer)
_IS_ALIVE: Final = jobs.c.died_at.is_(None)
_IS_DUE: Final = _IS_ALIVE & (jobs.c.run_at <= _at("now"))
_IS_CLAIMED: Final = (jobs.c.id == _ID) & _IS_ALIVE & (jobs.c.attempts == bindparam("claimed_attempts", type_=Integer))
"""The number of attempts identifies a claim: a worker whose claim has expired can no longer change the job."""

IS_ANY_DUE: Final = select(jobs.c.id).where(_IS_DUE).limit(1)

# a subquery may run again for each row and lock other rows each time; a CTE that locks runs once
_DUE_LONGEST: Final = (
    select(jobs.c.id)
    .where(_IS_DUE)
    .order_by(jobs.c.run_at, jobs.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
    .cte("due")
)
CLAIM_JOBS: Final = (
    update(jobs)
    .where(jobs.c.id.in_(select(_DUE_LONGEST.c.id)))
    .values({"run_at": _at("until"), "attempts": jobs.c.attempts + 1})
    .returning(*JOB_COLUMNS)
)
EXTEND_CLAIM: Final = update(jobs).where(_IS_CLAIMED).values(run_at=_at("until"))
UPDATE_CLAIMED: Final = (
    update(jobs)
    .where(_IS_CLAIMED)
    .values(
        {
            "run_at": _at("new_run_at"),
            "attempts": bindparam("new_attempts", type_=Integer),
            "died_at": _at("new_died_at"),
            "last_error": bindparam("new_error", type_=Text),
        }
    )
)
DELETE_CLAIMED: Final = delete(jobs).where(_IS_CLAIMED)

DEAD_JOBS: Final = (
    select(*JOB_COLUMNS).where(~_IS_ALIVE).order_by(jobs.c.died_at.desc(), jobs.c.id.desc()).limit(_LIMIT)
)
REQUEUE_DEAD: Final = (
    update(jobs)
    .where(jobs.c.id == _ID, ~_IS_ALIVE)
    .values({"run_at": _at("new_run_at"), "attempts": 0, "died_at": None, "last_error": None})
    .returning(jobs.c.id)
)
DELETE_DEAD: Final = delete(jobs).where(jobs.c.id == _ID, ~_IS_ALIVE).returning(jobs.c.id)
DELETE_OLD_DEAD: Final = delete_batch(jobs, jobs.c.died_at <= _at("before"))

COUNTS: Final = select(*(func.count().filter(condition) for condition in (_IS_DUE, _IS_ALIVE, ~_IS_ALIVE))).select_from(
    jobs
)


def insert_job(dialect: SqlDialect) -> Executable:
    """Build an INSERT that ignores jobs whose id is stored already."""
    statement: Executable = dialect.insert(jobs).on_conflict_do_nothing(index_elements=[jobs.c.id])
    return statement


class SqlJobQueue:
    """Jobs in the table `jobs`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, *jobs: Job) -> None:
        await self._transaction.execute(insert_job, *map(_to_row, jobs))

    async def claim(self, now: datetime, until: datetime, *, limit: int) -> list[Job]:
        if not await self._transaction.fetch(IS_ANY_DUE, now=now):
            return []
        rows = await self._transaction.fetch_writing(CLAIM_JOBS, now=now, until=until, limit=limit)
        return [_from_row(row) for row in rows]

    async def extend(self, job: Job, until: datetime) -> None:
        await self._transaction.execute(EXTEND_CLAIM, _claim_of(job) | {"until": until})

    async def finish(self, job: Job) -> None:
        await self._transaction.execute(DELETE_CLAIMED, _claim_of(job))

    async def postpone(self, job: Job, run_at: datetime, *, error: str | None = None) -> None:
        await self._update(job, run_at=run_at, attempts=job.attempts if error else 0, error=error)

    async def dead_letter(self, job: Job, at: datetime, *, error: str) -> None:
        await self._update(job, run_at=job.run_at, attempts=job.attempts, died_at=at, error=error)

    async def find_dead(self, *, limit: int) -> list[Job]:
        return [_from_row(row) for row in await self._transaction.fetch(DEAD_JOBS, limit=limit)]

    async def requeue(self, job_id: JobId, at: datetime) -> None:
        if not await self._transaction.fetch_writing(REQUEUE_DEAD, key_id=job_id, new_run_at=at):
            raise JobNotFound

    async def discard(self, job_id: JobId) -> None:
        if not await self._transaction.fetch_writing(DELETE_DEAD, key_id=job_id):
            raise JobNotFound

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_OLD_DEAD, before=before, limit=limit))

    async def counts(self, now: datetime) -> JobCounts:
        ((due, alive, dead),) = await self._transaction.fetch(COUNTS, now=now)
        return JobCounts(due=due, waiting=alive - due, dead=dead)

    async def _update(
        self, job: Job, *, run_at: datetime, attempts: int, died_at: datetime | None = None, error: str | None
    ) -> None:
        new = {"new_run_at": run_at, "new_attempts": attempts, "new_died_at": died_at, "new_error": error}
        await self._transaction.execute(UPDATE_CLAIMED, _claim_of(job) | new)


def _claim_of(job: Job) -> dict[str, Any]:
    return {"key_id": job.id, "claimed_attempts": job.attempts}


def _to_row(job: Job) -> dict[str, Any]:
    return {column.name: getattr(job, column.name) for column in JOB_COLUMNS}


def _from_row(row: Sequence[Any]) -> Job:
    return Job(**dict(zip((column.name for column in JOB_COLUMNS), row, strict=True)))
