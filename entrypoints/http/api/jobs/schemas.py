from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Self

from application.jobs.ports import Job, JobState
from entrypoints.http.schemas.fields import IdText

FAILED: Final = "the job failed several times and was stopped; the operator can run it again"
"""The reason stays in the logs, because it may contain names of programs and servers."""


@dataclass(slots=True)
class JobView:
    """Long work that a request has started."""

    id: IdText
    """The id of the job."""
    kind: str
    """What the job does: `change_tag` renames or removes a tag."""
    state: Literal["queued", "running", "succeeded", "failed"]
    """Whether the job waits, runs, or has ended with or without success."""
    attempts: int
    """How often the job was started. A job that fails is started again, at growing intervals."""
    created_at: datetime
    """When the request queued the job."""
    run_at: datetime
    """When the job starts. For a running job: when another worker starts it if this one is lost."""
    finished_at: datetime | None
    """When the job ended, or null."""
    error: str | None
    """Why the job failed, for people, or null."""

    @classmethod
    def of(cls, job: Job) -> Self:
        assert job.run_at is not None  # the queue sets it
        assert job.created_at is not None  # each requested job has it
        return cls(
            id=str(job.id),
            kind=job.kind,
            state=job.state.value,
            attempts=job.attempts,
            created_at=job.created_at,
            run_at=job.run_at,
            finished_at=job.finished_at or job.died_at,
            error=FAILED if job.state is JobState.FAILED else None,
        )
