"""The storage port: all repositories in one unit of work. `tests/contracts/storage.py` is its contract as tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from application.audit.ports import AuditUnitOfWork
from application.files.ports import FileUnitOfWork
from application.identity.ports import IdentityUnitOfWork
from application.jobs.ports import JobUnitOfWork
from application.platform.events import EventDispatcher
from application.tasks.ports import TaskUnitOfWork


@dataclass(frozen=True, slots=True)
class SchemaRevision:
    """A revision of the schema. A version of the application is identified by the newest revision that it knows."""

    id: str
    compatible_from: str | None = None
    """The oldest version of the application that works with this schema; None if only its own version does."""

    def is_served_by(self, known: Sequence[str]) -> bool:
        """Return whether a version that knows these revisions, oldest first, works with this schema.

        It works with its newest revision, and with unknown ones that are recorded as compatible with it.
        """
        return self.id == known[-1] or (self.id not in known and self.compatible_from in known)

    def is_readable_by(self, known: Sequence[str]) -> bool:
        """Return whether a version that knows these revisions can serve or migrate this schema."""
        return self.id in known or self.compatible_from in known


class SchemaMismatch(Exception):
    """The database has a schema revision that this version of the application does not serve."""

    def __init__(self, revision: str | None, known: Sequence[str]) -> None:
        super().__init__(f"the database is at revision {revision or 'none'}, but this version needs {known[-1]}")
        self.revision = revision
        self.head = known[-1]
        self.is_known = revision is None or revision in known


class UnknownRevision(Exception):
    """A revision does not exist in this version of the application."""


class BackupError(Exception):
    """A backup or restore is not possible. The message explains the reason to the operator. Nothing was changed."""


class Migrator(Protocol):
    """Upgrade the schema of a storage. Methods that connect raise StorageUnavailable if it is unreachable."""

    @property
    def head(self) -> str:
        """The newest revision that this version of the application knows."""
        ...

    async def current(self) -> SchemaRevision | None:
        """Return the schema revision, or None for a storage that was never migrated."""
        ...

    async def require_served(self) -> None:
        """Check that this version can serve the storage.

        Raises:
            SchemaMismatch: It cannot.
        """
        ...

    async def upgrade(self) -> None:
        """Upgrade the schema to `head`, unless it is at a newer revision that this version can serve.

        Several processes may call this at the same time.

        Raises:
            SchemaMismatch: The storage is at a revision that this version neither knows nor serves.
        """
        ...

    async def migrate_to(self, revision: str) -> None:
        """Upgrade or downgrade the schema. A downgrade deletes what the undone migrations store.

        Raises:
            UnknownRevision: This version does not know the revision, or the one of the storage.
        """
        ...

    async def undone_by(self, revision: str) -> Sequence[str]:
        """Return the names of the migrations that `migrate_to` undoes.

        Raises:
            UnknownRevision: This version does not know the revision, or the one of the storage.
        """
        ...

    async def preview(self, revision: str) -> str:
        """Return what `migrate_to` executes, as a script. Change nothing.

        Raises:
            UnknownRevision: This version does not know the revision, or the one of the storage.
        """
        ...


class DatabaseCopier(Protocol):
    """Copy a whole database to a file, and a file to a database.

    Every method raises StorageUnavailable if the database is unreachable.
    """

    @property
    def kind(self) -> str:
        """The database system. A copy can only be loaded into the same system."""
        ...

    async def revision(self) -> SchemaRevision | None:
        """Return the schema revision, or None for a database that was never migrated."""
        ...

    def is_readable(self, revision: SchemaRevision) -> bool:
        """Return whether this version of the application can serve or migrate a database at this revision."""
        ...

    async def dump(self, path: Path) -> None:
        """Write a consistent snapshot to a file, without the id of the file store.

        Other clients may read and write meanwhile.

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


class UnitOfWork(IdentityUnitOfWork, TaskUnitOfWork, FileUnitOfWork, JobUnitOfWork, AuditUnitOfWork, Protocol):
    """One transaction over the repositories of all features."""


class Storage(Protocol):
    """A database of all features.

    Every method of a storage, and of its units of work, may raise StorageUnavailable or TransientStorageError.
    A storage that holds connections is also an async context manager; the container enters it before its first use.
    Entering raises SchemaMismatch if this version does not serve the revision of the schema.
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

    def unit_of_work(self, dispatcher: EventDispatcher | None = None) -> UnitOfWork:
        """Return a new unit of work. It connects to the storage with its first statement.

        Args:
            dispatcher: Makes the records of events that the commit stores, and receives the events of a unit of work
                that has committed, when it ends. Without it, events are discarded.
        """
        ...

    async def check(self) -> None:
        """Raise an error if the storage does not answer, accepts no writes, or has a revision that is not served."""
        ...
