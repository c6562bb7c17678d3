from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Executable, Integer, Text, Uuid, bindparam, delete, func, select, update

from adapters.sql.engine.dialects import SqlDialect, delete_batch
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.jobs.rows import JOB_COLUMNS, claim_of, from_rows, to_row
from adapters.sql.schema.jobs import jobs
from application.jobs.ports import AT_ONCE, FailureCounts, Job, JobCounts, JobId, JobNotFound
from domain.identity.user import UserId


def _at(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=Instant)


def _count(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=Integer)


_ID: Final = bindparam("key_id", type_=Uuid)
_LIMIT: Final = _count("limit")
_IS_DEAD: Final = jobs.c.died_at.is_not(None)
_IS_PENDING: Final = jobs.c.died_at.is_(None) & jobs.c.finished_at.is_(None)
_IS_CLAIMED: Final = (jobs.c.id == _ID) & _IS_PENDING & (jobs.c.claims == _count("claim"))
"""The number of claims identifies a claim: a worker whose claim has expired can no longer change the job."""


def _is_due(dialect: SqlDialect) -> ColumnElement[bool]:
    return _IS_PENDING & (jobs.c.run_at <= dialect.now())


def is_any_due(dialect: SqlDialect) -> Executable:
    return select(jobs.c.id).where(_is_due(dialect)).limit(1)


def claim_jobs(dialect: SqlDialect) -> Executable:
    # a subquery may run again for each row and lock other rows each time; a CTE that locks runs once
    due = (
        select(jobs.c.id)
        .where(_is_due(dialect))
        .order_by(jobs.c.run_at, jobs.c.id)
        .limit(_LIMIT)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(jobs)
        .where(jobs.c.id.in_(select(due.c.id)))
        .values({"run_at": dialect.from_now("lease"), "claims": jobs.c.claims + 1})
        .returning(*JOB_COLUMNS)
    )


def start_claimed(dialect: SqlDialect) -> Executable:
    started = {
        "run_at": dialect.from_now("lease"),
        "attempts": _count("new_attempts"),
        "kills": _count("new_kills"),
        "started_at": dialect.now(),
    }
    return update(jobs).where(_IS_CLAIMED).values(started).returning(*JOB_COLUMNS)


def extend_claim(dialect: SqlDialect) -> Executable:
    return update(jobs).where(_IS_CLAIMED).values(run_at=dialect.from_now("lease"))


def postpone_claimed(dialect: SqlDialect) -> Executable:
    postponed = {
        "run_at": dialect.from_now("delay"),
        "attempts": _count("new_attempts"),
        "kills": _count("new_kills"),
        "started_at": None,
        "last_error": bindparam("new_error", type_=Text),
    }
    return update(jobs).where(_IS_CLAIMED).values(postponed)


def release_claimed(dialect: SqlDialect) -> Executable:
    released = {"run_at": dialect.now(), "attempts": _count("new_attempts"), "started_at": None}
    return update(jobs).where(_IS_CLAIMED).values(released)


DEAD_LETTER_CLAIMED: Final = (
    update(jobs)
    .where(_IS_CLAIMED)
    .values({"died_at": _at("new_died_at"), "last_error": bindparam("new_error", type_=Text)})
)
DELETE_CLAIMED: Final = delete(jobs).where(_IS_CLAIMED)
FINISH_CLAIMED: Final = (
    update(jobs).where(_IS_CLAIMED).values({"finished_at": _at("new_finished_at"), "last_error": None})
)

_IS_REQUESTED: Final = jobs.c.requester_id == bindparam("requester_id", type_=Uuid)
REQUESTED_JOB: Final = select(*JOB_COLUMNS).where(_IS_REQUESTED, jobs.c.id == _ID)
PENDING_JOBS: Final = (
    select(*JOB_COLUMNS)
    .where(_IS_REQUESTED, jobs.c.kind == bindparam("kind", type_=Text), _IS_PENDING)
    .order_by(jobs.c.id)
)
DELETE_OLD_FINISHED: Final = delete_batch(jobs, jobs.c.finished_at <= _at("before"))

DEAD_JOBS: Final = select(*JOB_COLUMNS).where(_IS_DEAD).order_by(jobs.c.died_at.desc(), jobs.c.id.desc()).limit(_LIMIT)
DELETE_DEAD: Final = delete(jobs).where(jobs.c.id == _ID, _IS_DEAD).returning(jobs.c.id)
DELETE_OLD_DEAD: Final = delete_batch(jobs, jobs.c.died_at <= _at("before"))

_IS_DEAD_OF_KIND: Final = _IS_DEAD & jobs.c.id.in_(
    select(jobs.c.id)
    .where(_IS_DEAD, jobs.c.kind == bindparam("kind", type_=Text))
    .order_by(jobs.c.died_at, jobs.c.id)
    .limit(_LIMIT)
)
DELETE_DEAD_OF_KIND: Final = delete(jobs).where(_IS_DEAD_OF_KIND).returning(jobs.c.id)


def _requeued(dialect: SqlDialect) -> dict[str, Any]:
    counted = {"attempts": 0, "kills": 0, "started_at": None, "died_at": None, "last_error": None}
    return {"run_at": dialect.now(), **counted}


def requeue_one(dialect: SqlDialect) -> Executable:
    return update(jobs).where(jobs.c.id == _ID, _IS_DEAD).values(_requeued(dialect)).returning(jobs.c.id)


def requeue_kind(dialect: SqlDialect) -> Executable:
    return update(jobs).where(_IS_DEAD_OF_KIND).values(_requeued(dialect)).returning(jobs.c.id)


def count_jobs(dialect: SqlDialect) -> Executable:
    """Build a query for the numbers of jobs by state, with the time since when one is due, of each kind."""
    is_due = _is_due(dialect)
    states = (is_due, _IS_PENDING, _IS_DEAD, _IS_PENDING & jobs.c.last_error.is_not(None))
    numbers = (func.count().filter(state) for state in states)
    return (
        select(jobs.c.kind, *numbers, func.min(jobs.c.run_at).filter(is_due), dialect.now())
        .group_by(jobs.c.kind)
        .order_by(jobs.c.kind)
    )


def insert_job(dialect: SqlDialect) -> Executable:
    """Build an INSERT that ignores jobs whose id is stored already."""
    values = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in JOB_COLUMNS}
    statement: Executable = (
        dialect.insert(jobs)
        .values(values | {"run_at": dialect.from_now("delay")})
        .on_conflict_do_nothing(index_elements=[jobs.c.id])
    )
    return statement


class SqlJobQueue:
    """Jobs in the table `jobs`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, *jobs: Job, delay: timedelta = AT_ONCE) -> None:
        await self._transaction.execute(insert_job, *(to_row(job) | {"delay": delay} for job in jobs))

    async def claim(self, lease: timedelta, *, limit: int) -> list[Job]:
        if not await self._transaction.fetch(is_any_due):
            return []
        return from_rows(await self._transaction.fetch_writing(claim_jobs, lease=lease, limit=limit))

    async def start(self, job: Job, lease: timedelta) -> Job | None:
        values = claim_of(job) | {"new_attempts": job.attempts + 1, "new_kills": job.killed_workers, "lease": lease}
        started = from_rows(await self._transaction.fetch_writing(start_claimed, **values))
        return started[0] if started else None

    async def extend(self, job: Job, lease: timedelta) -> None:
        await self._transaction.execute(extend_claim, claim_of(job) | {"lease": lease})

    async def finish(self, job: Job, at: datetime) -> None:
        if job.requester_id is None:
            await self._transaction.execute(DELETE_CLAIMED, claim_of(job))
        else:
            await self._transaction.execute(FINISH_CLAIMED, claim_of(job) | {"new_finished_at": at})

    async def postpone(self, job: Job, delay: timedelta, *, error: str | None = None) -> None:
        attempts, kills = (job.attempts, job.kills) if error else (0, 0)
        new = {"delay": delay, "new_attempts": attempts, "new_kills": kills, "new_error": error}
        await self._transaction.execute(postpone_claimed, claim_of(job) | new)

    async def release(self, job: Job) -> None:
        await self._transaction.execute(release_claimed, claim_of(job) | {"new_attempts": job.attempts - 1})

    async def dead_letter(self, job: Job, at: datetime, *, error: str) -> None:
        await self._transaction.execute(DEAD_LETTER_CLAIMED, claim_of(job) | {"new_died_at": at, "new_error": error})

    async def get_requested(self, job_id: JobId, *, requester_id: UserId) -> Job:
        found = from_rows(await self._transaction.fetch(REQUESTED_JOB, key_id=job_id, requester_id=requester_id))
        if not found:
            raise JobNotFound(ids=[job_id])
        return found[0]

    async def find_pending(self, kind: str, *, requester_id: UserId) -> list[Job]:
        return from_rows(await self._transaction.fetch(PENDING_JOBS, kind=kind, requester_id=requester_id))

    async def find_dead(self, *, limit: int) -> list[Job]:
        return from_rows(await self._transaction.fetch(DEAD_JOBS, limit=limit))

    async def requeue(self, job_id: JobId) -> None:
        if not await self._transaction.fetch_writing(requeue_one, key_id=job_id):
            raise JobNotFound

    async def discard(self, job_id: JobId) -> None:
        if not await self._transaction.fetch_writing(DELETE_DEAD, key_id=job_id):
            raise JobNotFound

    async def requeue_dead(self, kind: str, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(requeue_kind, kind=kind, limit=limit))

    async def discard_dead(self, kind: str, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_DEAD_OF_KIND, kind=kind, limit=limit))

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_OLD_DEAD, before=before, limit=limit))

    async def remove_finished(self, before: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_OLD_FINISHED, before=before, limit=limit))

    async def counts(self) -> JobCounts:
        rows = await self._transaction.fetch(count_jobs)
        due, pending, dead = (sum(row[column] for row in rows) for column in (1, 2, 3))
        failures = {row[0]: FailureCounts(retried=row[4], dead=row[3]) for row in rows if row[3] or row[4]}
        oldest_due = max((now - since for *_, since, now in rows if since is not None), default=AT_ONCE)
        return JobCounts(due, pending - due, dead, oldest_due, failures)
