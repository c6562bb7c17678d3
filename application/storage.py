"""The storage port: all repositories in one unit of work. `tests/contracts/storage.py` is its contract as tests."""

from pathlib import Path
from typing import Protocol

from application.files.ports import FileUnitOfWork
from application.identity.ports import IdentityUnitOfWork
from application.jobs.ports import JobUnitOfWork
from application.platform.events import Dispatch, discard
from application.tasks.ports import TaskUnitOfWork


class SchemaMismatch(Exception):
    """The database has another schema revision than this version of the application needs."""

    def __init__(self, revision: str | None, head: str) -> None:
        super().__init__(f"the database is at revision {revision or 'none'}, but this version needs {head}")
        self.revision = revision
        self.head = head


class BackupError(Exception):
    """A backup or restore is not possible. The message explains the reason to the operator. Nothing was changed."""


class Migrator(Protocol):
    """Upgrade the schema of a storage. Methods that connect raise StorageUnavailable if it is unreachable."""

    @property
    def head(self) -> str:
        """The revision that this version of the application needs."""
        ...

    async def current(self) -> str | None:
        """Return the schema revision, or None for a storage that was never migrated."""
        ...

    async def upgrade(self) -> None:
        """Upgrade the schema to `head`. Several processes may call this at the same time."""
        ...


class DatabaseCopier(Protocol):
    """Copy a whole database to a file, and a file to a database.

    Every method raises StorageUnavailable if the database is unreachable.
    """

    @property
    def kind(self) -> str:
        """The database system. A copy can only be loaded into the same system."""
        ...

    async def revision(self) -> str | None:
        """Return the schema revision, or None for a database that was never migrated."""
        ...

    def is_known_revision(self, revision: str) -> bool:
        """Return whether this version of the application can migrate a database from this revision."""
        ...

    async def dump(self, path: Path) -> None:
        """Write a consistent snapshot to a file. Other clients may read and write meanwhile.

        Raises:
            BackupError: The database cannot be copied.
        """
        ...

    async def require_empty(self) -> None:
        """Check that the database is empty.

        Raises:
            BackupError: The database contains something.
        """
        ...

    async def load(self, path: Path) -> None:
        """Load a snapshot into an empty database, completely or not at all.

        Raises:
            BackupError: The database is not empty, or the snapshot cannot be loaded.
        """
        ...


class UnitOfWork(IdentityUnitOfWork, TaskUnitOfWork, FileUnitOfWork, JobUnitOfWork, Protocol):
    """One transaction over the repositories of all features."""


class Storage(Protocol):
    """A database of all features.

    Every method of a storage, and of its units of work, may raise StorageUnavailable or TransientStorageError.
    A storage that holds connections is also an async context manager; the container enters it before its first use.
    Entering raises SchemaMismatch if the schema has another revision than this version needs.
    """

    @property
    def is_process_local(self) -> bool:
        """Whether only this process can read the data, which are lost when it ends."""
        ...

    @property
    def migrator(self) -> Migrator | None:
        """Upgrades the schema; None if the storage has no schema."""
        ...

    @property
    def copier(self) -> DatabaseCopier | None:
        """Copies the database for backups; None if this is not possible."""
        ...

    def unit_of_work(self, dispatch: Dispatch = discard) -> UnitOfWork:
        """Return a new unit of work. It connects to the storage with its first statement.

        Args:
            dispatch: Receives the events of the unit of work when it ends, if it has committed.
        """
        ...

    async def check(self) -> None:
        """Raise an error if the storage does not answer, or if its schema has another revision."""
        ...
