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
    def tasks(self) -> TaskRepository: ...

    @property
    def history(self) -> TaskHistory: ...

    @property
    def files(self) -> FileRepository: ...

    @property
    def users(self) -> UserRepository: ...

    @property
    def sessions(self) -> SessionRepository: ...

    @property
    def reset_tokens(self) -> ResetTokenRepository: ...

    @property
    def idempotency(self) -> IdempotencyRecords: ...

    @property
    def jobs(self) -> JobQueue: ...


class Storage(Protocol):
    """A database of all features.

    Every method of a storage, and of its units of work, may raise StorageUnavailable or TransientStorageError.
    """

    def unit_of_work(self) -> UnitOfWork: ...

    async def open(self) -> None:
        """Prepare the storage for use. An error tells the operator why it cannot be used."""
        ...

    async def check(self) -> None:
        """Raise an error if the storage does not answer."""
        ...

    async def close(self) -> None: ...
