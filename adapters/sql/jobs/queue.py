from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Integer, Text, Uuid, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.dialects import delete_some
from adapters.sql.engine.transaction import Transaction
from adapters.sql.engine.types import Instant
from adapters.sql.schema.jobs import jobs
from application.jobs.ports import Job, JobCounts, JobId, JobNotFound

COLUMNS = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.owner_id,
    jobs.c.payload,
    jobs.c.run_at,
    jobs.c.attempts,
    jobs.c.died_at,
    jobs.c.last_error,
)
IS_ALIVE = jobs.c.died_at.is_(None)
ID = bindparam("its_id", type_=Uuid)
LIMIT = bindparam("limit", type_=Integer)


def _at(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=Instant)


IS_DUE = IS_ALIVE & (jobs.c.run_at <= _at("now"))
IS_CLAIMANTS = (jobs.c.id == ID) & IS_ALIVE & (jobs.c.attempts == bindparam("its_attempts", type_=Integer))


class JobStatements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @cached_property
    def insert(self) -> Statement:
        row: Any = (postgresql if self._dialect.name == "postgresql" else sqlite).insert(jobs)
        return Statement(row.on_conflict_do_nothing(index_elements=[jobs.c.id]), self._dialect)

    @cached_property
    def due(self) -> Statement:
        return Statement(select(jobs.c.id).where(IS_DUE).limit(1), self._dialect)

    @cached_property
    def claim(self) -> Statement:
        # a subquery may be run again for each row, and lock others each time; a CTE that locks is run once
        longest_due = select(jobs.c.id).where(IS_DUE).order_by(jobs.c.run_at, jobs.c.id).limit(LIMIT)
        claimed = jobs.c.id.in_(select(longest_due.with_for_update(skip_locked=True).cte("due").c.id))
        taken = {"run_at": _at("until"), "attempts": jobs.c.attempts + 1}
        return Statement(update(jobs).where(claimed).values(taken).returning(*COLUMNS), self._dialect)

    @cached_property
    def extend(self) -> Statement:
        return Statement(update(jobs).where(IS_CLAIMANTS).values(run_at=_at("until")), self._dialect)

    @cached_property
    def finish(self) -> Statement:
        return Statement(delete(jobs).where(IS_CLAIMANTS), self._dialect)

    @cached_property
    def settle(self) -> Statement:
        values = {
            "run_at": _at("new_run_at"),
            "attempts": bindparam("new_attempts", type_=Integer),
            "died_at": _at("new_died_at"),
            "last_error": bindparam("new_error", type_=Text),
        }
        return Statement(update(jobs).where(IS_CLAIMANTS).values(values), self._dialect)

    @cached_property
    def dead(self) -> Statement:
        latest = select(*COLUMNS).where(~IS_ALIVE).order_by(jobs.c.died_at.desc(), jobs.c.id.desc())
        return Statement(latest.limit(LIMIT), self._dialect)

    @cached_property
    def revive(self) -> Statement:
        values = {"run_at": _at("new_run_at"), "attempts": 0, "died_at": None, "last_error": None}
        one = update(jobs).where(jobs.c.id == ID, ~IS_ALIVE).values(values)
        return Statement(one.returning(jobs.c.id), self._dialect)

    @cached_property
    def discard(self) -> Statement:
        return Statement(delete(jobs).where(jobs.c.id == ID, ~IS_ALIVE).returning(jobs.c.id), self._dialect)

    @cached_property
    def remove_dead(self) -> Statement:
        return Statement(delete_some(jobs, jobs.c.died_at <= _at("before")), self._dialect)

    @cached_property
    def counts(self) -> Statement:
        kinds = (func.count().filter(kind) for kind in (IS_DUE, IS_ALIVE, ~IS_ALIVE))
        return Statement(select(*kinds).select_from(jobs), self._dialect)


class SqlJobQueue:
    def __init__(self, transaction: Transaction, statements: JobStatements) -> None:
        self._transaction = transaction
        self._statements = statements

    async def add(self, *jobs: Job) -> None:
        await self._transaction.execute(self._statements.insert, *map(_to_row, jobs))

    async def claim(self, now: datetime, until: datetime, *, limit: int) -> list[Job]:
        if not await self._transaction.fetch(self._statements.due, now=now):
            return []
        rows = await self._transaction.fetch_writing(self._statements.claim, now=now, until=until, limit=limit)
        return [_from_row(row) for row in rows]

    async def extend(self, job: Job, until: datetime) -> None:
        await self._transaction.execute(self._statements.extend, _claim_of(job) | {"until": until})

    async def finish(self, job: Job) -> None:
        await self._transaction.execute(self._statements.finish, _claim_of(job))

    async def postpone(self, job: Job, run_at: datetime, *, error: str | None = None) -> None:
        await self._settle(job, run_at=run_at, attempts=job.attempts if error else 0, error=error)

    async def bury(self, job: Job, at: datetime, *, error: str) -> None:
        await self._settle(job, run_at=job.run_at, attempts=job.attempts, died_at=at, error=error)

    async def dead(self, *, limit: int) -> list[Job]:
        return [_from_row(row) for row in await self._transaction.fetch(self._statements.dead, limit=limit)]

    async def revive(self, job_id: JobId, at: datetime) -> None:
        if not await self._transaction.fetch_writing(self._statements.revive, its_id=job_id, new_run_at=at):
            raise JobNotFound

    async def discard(self, job_id: JobId) -> None:
        if not await self._transaction.fetch_writing(self._statements.discard, its_id=job_id):
            raise JobNotFound

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        return len(await self._transaction.fetch_writing(self._statements.remove_dead, before=before, limit=limit))

    async def counts(self, now: datetime) -> JobCounts:
        ((due, alive, dead),) = await self._transaction.fetch(self._statements.counts, now=now)
        return JobCounts(due=due, waiting=alive - due, dead=dead)

    async def _settle(
        self, job: Job, *, run_at: datetime, attempts: int, died_at: datetime | None = None, error: str | None
    ) -> None:
        new = {"new_run_at": run_at, "new_attempts": attempts, "new_died_at": died_at, "new_error": error}
        await self._transaction.execute(self._statements.settle, _claim_of(job) | new)


def _claim_of(job: Job) -> dict[str, Any]:
    return {"its_id": job.id, "its_attempts": job.attempts}


def _to_row(job: Job) -> dict[str, Any]:
    return {column.name: getattr(job, column.name) for column in COLUMNS}


def _from_row(row: Sequence[Any]) -> Job:
    return Job(**dict(zip((column.name for column in COLUMNS), row, strict=True)))
