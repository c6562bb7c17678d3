from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NewType, Protocol
from uuid import UUID

from application.platform.unit_of_work import UnitOfWork
from domain.errors import NotFound
from domain.identity.user import UserId

JobId = NewType("JobId", UUID)

AT_ONCE: Final = timedelta(0)


class JobState(StrEnum):
    """What happens with a job, for the user who requested it."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that runs in the background, at least once. Handlers must therefore be idempotent."""

    id: JobId
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    """Values that JSON can represent."""
    owner_id: UserId | None = None
    run_at: datetime | None = None
    """The earliest start; the queue sets it. For a claimed job: the end of the lease, after which other workers may
    claim it."""
    claims: int = 0
    """Claims so far. Serves as the claim's fencing token."""
    attempts: int = 0
    """Attempts started since the job was added, requeued or last succeeded. A claim alone is no attempt."""
    kills: int = 0
    """How many of the earlier attempts ended because their worker was killed."""
    started_at: datetime | None = None
    """The start of the current attempt. If a job has it when it is claimed, its previous worker was killed."""
    died_at: datetime | None = None
    """When the job became a dead letter, after its last attempt failed."""
    last_error: str | None = field(default=None, repr=False)
    requester_id: UserId | None = None
    """The user whose request queued the job and who may see it; None for all other jobs."""
    created_at: datetime | None = None
    """When the request was accepted; None if neither its requester nor the handler needs to know."""
    finished_at: datetime | None = None
    """When the job succeeded. Only jobs with a requester are kept after that."""

    @property
    def killed_workers(self) -> int:
        """How many workers were killed while they ran a claimed job, including the previous worker."""
        return self.kills + (self.started_at is not None)

    @property
    def state(self) -> JobState:
        """The state of the job. A job whose worker was killed is running until another worker continues it."""
        if self.finished_at is not None:
            return JobState.SUCCEEDED
        if self.died_at is not None:
            return JobState.FAILED
        return JobState.QUEUED if self.started_at is None else JobState.RUNNING


@dataclass(frozen=True, slots=True)
class FailureCounts:
    """Numbers of jobs of one kind whose last attempt failed."""

    retried: int
    dead: int


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Numbers of jobs by state."""

    due: int
    waiting: int
    """Scheduled for later, or claimed by a worker."""
    dead: int
    oldest_due: timedelta = AT_ONCE
    """How long the oldest due job has waited for a worker."""
    failures: Mapping[str, FailureCounts] = field(default_factory=dict)
    """By kind of job, for the kinds with failures."""


class JobNotFound(NotFound):
    """There is no such job, or the caller did not request it. For operators, it is no dead job."""

    code = "JOB_NOT_FOUND"
    default_message = "no such job"


class JobMustWait(Exception):
    """A handler cannot run the job yet. It runs again after `delay`; this is no failed attempt."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(delay)
        self.delay = delay


class JobQueue(Protocol):
    """A persistent queue in the application's own storage.

    A job is added in the transaction that causes it, so a rollback also drops the job. The methods that
    take a claimed `job` do nothing if another worker has claimed it since.

    The clock of the storage decides when a job is due and when a lease ends, because the clocks of workers differ.
    Callers therefore pass durations.
    """

    async def add(self, *jobs: Job, delay: timedelta = AT_ONCE) -> None:
        """Add jobs that are due after a delay. A job whose id already exists is ignored."""
        ...

    async def claim(self, lease: timedelta, *, limit: int) -> list[Job]:
        """Claim up to `limit` due jobs, the longest due first.

        No other worker can claim them during the lease. Without due jobs nothing is written.
        """
        ...

    async def start(self, job: Job, lease: timedelta) -> Job | None:
        """Count an attempt at a claimed job and renew the lease. Return None if another worker has claimed it.

        If the previous worker was killed during its attempt, count that too.
        """
        ...

    async def extend(self, job: Job, lease: timedelta) -> None:
        """Renew the lease of a claimed job."""
        ...

    async def finish(self, job: Job, at: datetime) -> None:
        """Delete a claimed job. One with a requester is kept as finished."""
        ...

    async def postpone(self, job: Job, delay: timedelta, *, error: str | None = None) -> None:
        """Release a claimed job and schedule it again. Without an error its attempts and kills are reset to 0."""
        ...

    async def release(self, job: Job) -> None:
        """Make a started job due at once. Its attempt does not count, because the worker stopped it."""
        ...

    async def dead_letter(self, job: Job, at: datetime, *, error: str) -> None:
        """Make a claimed job a dead letter: it is kept but never claimed again."""
        ...

    async def get_requested(self, job_id: JobId, *, requester_id: UserId) -> Job:
        """Return a job that the user requested.

        Raises:
            JobNotFound: The user requested no such job.
        """
        ...

    async def find_pending(self, kind: str, *, requester_id: UserId) -> list[Job]:
        """Return the jobs of a kind that the user requested and that are neither finished nor dead, by id."""
        ...

    async def find_dead(self, *, limit: int) -> list[Job]:
        """Return up to `limit` dead jobs, the latest first."""
        ...

    async def requeue(self, job_id: JobId) -> None:
        """Make a dead job due at once and reset its attempts and kills.

        Raises:
            JobNotFound: There is no dead job with this id.
        """
        ...

    async def discard(self, job_id: JobId) -> None:
        """Delete a dead job.

        Raises:
            JobNotFound: There is no dead job with this id.
        """
        ...

    async def requeue_dead(self, kind: str, *, limit: int) -> int:
        """Requeue up to `limit` dead jobs of a kind, the oldest first. Return their number."""
        ...

    async def discard_dead(self, kind: str, *, limit: int) -> int:
        """Delete up to `limit` dead jobs of a kind, the oldest first. Return their number."""
        ...

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` jobs that died until `before`. Return the number deleted."""
        ...

    async def remove_finished(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` jobs that were finished until `before`. Return the number deleted."""
        ...

    async def counts(self) -> JobCounts:
        """Count the jobs by state. Finished jobs are not counted."""
        ...


class Outcome(StrEnum):
    """How an attempt at a job ended."""

    DONE = "done"
    FAILED = "failed"
    """The job is retried later."""
    WAITING = "waiting"
    """The job runs later, after another one."""
    DEAD = "buried"
    """The job is not retried: it is a dead letter. Metrics and logs use the value."""


class JobMonitor(Protocol):
    """Observe the attempts at jobs, for logs and metrics."""

    def attempt_finished(self, job: Job, outcome: Outcome, seconds: float, error: Exception | None) -> None:
        """Record one attempt, its duration in seconds and its error."""
        ...

    def worker_error(self, error: Exception) -> None:
        """Record an unexpected error of a worker, which keeps running."""
        ...


class JobUnitOfWork(UnitOfWork, Protocol):
    """The repository that the job use cases need."""

    @property
    def jobs(self) -> JobQueue:
        """The queue."""
        ...
