from collections.abc import Sequence
from typing import Any

from adapters.sql.schema.jobs import jobs
from application.jobs.ports import Job

JOB_COLUMNS = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.owner_id,
    jobs.c.payload,
    jobs.c.run_at,
    jobs.c.claims,
    jobs.c.attempts,
    jobs.c.kills,
    jobs.c.started_at,
    jobs.c.died_at,
    jobs.c.last_error,
    jobs.c.requester_id,
    jobs.c.created_at,
    jobs.c.finished_at,
)


def claim_of(job: Job) -> dict[str, Any]:
    return {"key_id": job.id, "claim": job.claims}


def to_row(job: Job) -> dict[str, Any]:
    return {f"new_{column.name}": getattr(job, column.name) for column in JOB_COLUMNS}


def from_rows(rows: Sequence[Any]) -> list[Job]:
    names = [column.name for column in JOB_COLUMNS]
    return [Job(**dict(zip(names, row, strict=True))) for row in rows]
