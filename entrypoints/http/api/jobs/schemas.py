from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from application.jobs.ports import Job, JobState
from entrypoints.http.schemas.fields import IdText

FAILED: Final = "the job failed several times and was stopped; the operator can run it again"
"""The reason stays in the logs, because it may contain names of programs and servers."""


@dataclass(slots=True)
class JobView:
    id: IdText
    kind: Annotated[str, Field(description="What the job does: `change_tag` renames or removes a tag.")]
    state: Literal["queued", "running", "succeeded", "failed"]
    attempts: Annotated[int, Field(description="How often the job was started.")]
    created_at: datetime
    run_at: Annotated[
        datetime,
        Field(description="When the job starts. For a running job: when another worker starts it if this one is lost."),
    ]
    finished_at: datetime | None
    error: str | None

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
