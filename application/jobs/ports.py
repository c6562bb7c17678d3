from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType, Protocol
from uuid import UUID

from application.platform.unit_of_work import UnitOfWork
from domain.errors import NotFound
from domain.identity.user import UserId

JobId = NewType("JobId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that is done apart from what caused it, once at the least: whoever does it may have to do it again."""

    id: JobId
    kind: str
    run_at: datetime
    """Not before; a claimed job is the claimant's until then."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """As JSON can tell it."""
    owner_id: UserId | None = None
    attempts: int = 0
    """Begun so far. By their number a claimant is known from the one after it."""
    died_at: datetime | None = None
    """When it was given up."""
    last_error: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class JobCounts:
    due: int
    waiting: int
    """For their time, or because somebody is at them."""
    dead: int


class JobNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("no such dead job")


class JobQueue(Protocol):
    """Jobs are added in the transaction of what causes them, so none is for what did not happen."""

    async def add(self, *jobs: Job) -> None:
        """One whose id is there already stays as it is."""
        ...

    async def claim(self, now: datetime, until: datetime, *, limit: int) -> list[Job]:
        """Up to `limit` of the jobs that are due, the longest due first, each with one attempt more.

        Nobody else claims them before `until`. Writes nothing where none is due.
        """
        ...

    async def extend(self, job: Job, until: datetime) -> None:
        """Keep a claimed job until then; nothing if it is not the claimant's any more."""
        ...

    async def finish(self, job: Job) -> None:
        """Remove a claimed job; nothing if it is not the claimant's any more."""
        ...

    async def postpone(self, job: Job, run_at: datetime, *, error: str | None = None) -> None:
        """Give back a claimed job; nothing if it is not the claimant's any more. Without error its attempts are
        forgotten."""
        ...

    async def bury(self, job: Job, at: datetime, *, error: str) -> None:
        """Give up a claimed job: it is kept among the dead; nothing if it is not the claimant's any more."""
        ...

    async def dead(self, *, limit: int) -> list[Job]:
        """The latest first."""
        ...

    async def revive(self, job_id: JobId, at: datetime) -> None:
        """A dead job is due at that time, as if it had never been tried. Raises JobNotFound."""
        ...

    async def discard(self, job_id: JobId) -> None:
        """Remove a dead job. Raises JobNotFound."""
        ...

    async def remove_dead(self, before: datetime, *, limit: int) -> int:
        """Of those that died by then, up to `limit`; how many."""
        ...

    async def counts(self, now: datetime) -> JobCounts: ...


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    """To be tried again."""
    BURIED = "buried"


class JobMonitor(Protocol):
    """Told of every attempt, for logs and numbers."""

    def ended(self, job: Job, outcome: Outcome, seconds: float, error: Exception | None) -> None: ...

    def stumbled(self, error: Exception) -> None:
        """A worker met what should not be, and goes on."""
        ...


class JobUnitOfWork(UnitOfWork, Protocol):
    """The repository that the job use cases need."""

    @property
    def jobs(self) -> JobQueue: ...
