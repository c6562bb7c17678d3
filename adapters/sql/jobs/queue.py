from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Executable, Integer, Text, Uuid, bindparam, delete, func, select, update

from adapters.sql.engine.dialects import SqlDialect, delete_batch
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.schema.jobs import jobs
from application.jobs.ports import AT_ONCE, Job, JobCounts, JobId, JobNotFound
from domain.identity.user import UserId

JOB_COLUMNS = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.owner_id,
    jobs.c.payload,
    jobs.c.run_at,
    jobs.c.claims,
    jobs.c.attempts,
    jobs.c.started_at,
    jobs.c.died_at,
    jobs.c.last_error,
    jobs.c.requester_id,
    jobs.c.created_at,
    jobs.c.finished_at,
)


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
    started = {"run_at": dialect.from_now("lease"), "attempts": _count("attempt"), "started_at": dialect.now()}
    return update(jobs).where(_IS_CLAIMED).values(started).returning(*JOB_COLUMNS)


def extend_claim(dialect: SqlDialect) -> Executable:
    return update(jobs).where(_IS_CLAIMED).values(run_at=dialect.from_now("lease"))


def postpone_claimed(dialect: SqlDialect) -> Executable:
    postponed = {
        "run_at": dialect.from_now("delay"),
        "attempts": _count("new_attempts"),
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


def requeue_dead(dialect: SqlDialect) -> Executable:
    requeued = {"run_at": dialect.now(), "attempts": 0, "started_at": None, "died_at": None, "last_error": None}
    return update(jobs).where(jobs.c.id == _ID, _IS_DEAD).values(requeued).returning(jobs.c.id)


def count_jobs(dialect: SqlDialect) -> Executable:
    states = (_is_due(dialect), _IS_PENDING, _IS_DEAD)
    return select(*(func.count().filter(state) for state in states)).select_from(jobs)


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
        await self._transaction.execute(insert_job, *(_to_row(job) | {"delay": delay} for job in jobs))

    async def claim(self, lease: timedelta, *, limit: int) -> list[Job]:
        if not await self._transaction.fetch(is_any_due):
            return []
        return _from_rows(await self._transaction.fetch_writing(claim_jobs, lease=lease, limit=limit))

    async def start(self, job: Job, lease: timedelta) -> Job | None:
        values = _claim_of(job) | {"attempt": job.attempts + 1, "lease": lease}
        started = _from_rows(await self._transaction.fetch_writing(start_claimed, **values))
        return started[0] if started else None

    async def extend(self, job: Job, lease: timedelta) -> None:
        await self._transaction.execute(extend_claim, _claim_of(job) | {"lease": lease})

    async def finish(self, job: Job, at: datetime) -> None:
        if job.requester_id is None:
            await self._transaction.execute(DELETE_CLAIMED, _claim_of(job))
        else:
            await self._transaction.execute(FINISH_CLAIMED, _claim_of(job) | {"new_finished_at": at})

    async def postpone(self, job: Job, delay: timedelta, *, error: str | None = None) -> None:
        new = {"delay": delay, "new_attempts": job.attempts if error else 0, "new_error": error}
        await self._transaction.execute(postpone_claimed, _claim_of(job) | new)

    async def release(self, job: Job) -> None:
        await self._transaction.execute(release_claimed, _claim_of(job) | {"new_attempts": job.attempts - 1})

    async def dead_letter(self, job: Job, at: datetime, *, error: str) -> None:
        await self._transaction.execute(DEAD_LETTER_CLAIMED, _claim_of(job) | {"new_died_at": at, "new_error": error})

    async def get_requested(self, job_id: JobId, *, requester_id: UserId) -> Job:
        found = _from_rows(await self._transaction.fetch(REQUESTED_JOB, key_id=job_id, requester_id=requester_id))
        if not found:
            raise JobNotFound(ids=[job_id])
        return found[0]

    async def find_pending(self, kind: str, *, requester_id: UserId) -> list[Job]:
        return _from_rows(await self._transaction.fetch(PENDING_JOBS, kind=kind, requester_id=requester_id))

    async def find_dead(self, *, limit: int) -> list[Job]:
        return _from_rows(await self._transaction.fetch(DEAD_JOBS, limit=limit))

    async def requeue(self, job_id: JobId) -> None:
        if not await self._transaction.fetch_writing(requeue_dead, key_id=job_id):
            raise JobNotFound

    async def discard(self, job_id: JobId) -> None:
        if not await self._transaction.fetch_writing(DELETE_DEAD, key_id=job_id):
            raise JobNotFound

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_OLD_DEAD, before=before, limit=limit))

    async def remove_finished(self, before: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(DELETE_OLD_FINISHED, before=before, limit=limit))

    async def counts(self) -> JobCounts:
        ((due, pending, dead),) = await self._transaction.fetch(count_jobs)
        return JobCounts(due=due, waiting=pending - due, dead=dead)


def _claim_of(job: Job) -> dict[str, Any]:
    return {"key_id": job.id, "claim": job.claims}


def _to_row(job: Job) -> dict[str, Any]:
    return {f"new_{column.name}": getattr(job, column.name) for column in JOB_COLUMNS}


def _from_rows(rows: Sequence[Any]) -> list[Job]:
    names = [column.name for column in JOB_COLUMNS]
    return [Job(**dict(zip(names, row, strict=True))) for row in rows]
