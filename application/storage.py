"""The storage port: all repositories in one unit of work. `tests/contracts/storage.py` is its contract as tests."""

from typing import Protocol

from application.files.ports import FileUnitOfWork
from application.identity.ports import IdentityUnitOfWork
from application.jobs.ports import JobUnitOfWork
from application.tasks.ports import TaskUnitOfWork


class UnitOfWork(IdentityUnitOfWork, TaskUnitOfWork, FileUnitOfWork, JobUnitOfWork, Protocol):
    """One transaction over the repositories of all features."""


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
