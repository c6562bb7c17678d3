"""The storage port: all repositories in one unit of work. `tests/contracts/storage.py` is its contract as tests."""

from typing import Protocol

from application.files.ports import FileRepository
from application.identity.ports import ResetTokenRepository, SessionRepository, UserRepository
from application.jobs.ports import JobQueue
from application.platform import unit_of_work
from application.platform.idempotency import IdempotencyRecords
from application.tasks.ports import TaskHistory, TaskRepository


class UnitOfWork(unit_of_work.UnitOfWork, Protocol):
    """One transaction over the repositories of all features."""

    @property
    def tasks(self) -> TaskRepository:
        """Tasks."""
        ...

    @property
    def history(self) -> TaskHistory:
        """The history of tasks."""
        ...

    @property
    def files(self) -> FileRepository:
        """File metadata."""
        ...

    @property
    def users(self) -> UserRepository:
        """Accounts."""
        ...

    @property
    def sessions(self) -> SessionRepository:
        """Login sessions."""
        ...

    @property
    def reset_tokens(self) -> ResetTokenRepository:
        """Password reset tokens."""
        ...

    @property
    def idempotency(self) -> IdempotencyRecords:
        """Stored responses."""
        ...

    @property
    def jobs(self) -> JobQueue:
        """The job queue."""
        ...


class Storage(Protocol):
    """A database of all features.

    Every method of a storage, and of its units of work, may raise StorageUnavailable or TransientStorageError.
    """

    def unit_of_work(self) -> UnitOfWork:
        """Return a new unit of work. It connects to the storage with its first statement."""
        ...

    async def open(self) -> None:
        """Prepare the storage for use. An error tells the operator why it cannot be used."""
        ...

    async def check(self) -> None:
        """Raise an error if the storage does not answer."""
        ...

    async def close(self) -> None:
        """Release all connections."""
        ...
