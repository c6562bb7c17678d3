from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class BackupError(Exception):
    """A backup or restore is not possible. The message explains the reason to the operator. Nothing was changed."""


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


class ArchiveWriter(Protocol):
    """Add entries to a new archive."""

    def add(self, name: str, content: bytes) -> None:
        """Add an entry with this content."""
        ...

    def add_file(self, name: str, path: Path) -> None:
        """Add a copy of a file as an entry."""
        ...


class ArchiveReader(Protocol):
    """Read the entries of an archive, whose integrity `ArchiveFormat.open` has checked."""

    def read(self, name: str) -> bytes:
        """Return the content of an entry.

        Raises:
            BackupError: There is no such entry.
        """
        ...

    def extract(self, name: str, path: Path) -> None:
        """Write the content of an entry to a new file.

        Raises:
            BackupError: There is no such entry.
        """
        ...

    def names(self) -> Iterator[str]:
        """Return the names of all entries."""
        ...


class ArchiveFormat(Protocol):
    """Create and open archives: files with many named entries.

    Zip is the only implementation today; tar with encryption would be another one. The port also keeps
    the file format out of the application layer.
    """

    def create(self, path: Path) -> AbstractContextManager[ArchiveWriter]:
        """Create an archive that only its owner may read.

        It appears under `path`, complete and durable, when the context exits without an error; otherwise not at all.

        Raises:
            BackupError: The path exists already or cannot be written.
        """
        ...

    def open(self, path: Path) -> AbstractContextManager[ArchiveReader]:
        """Open an archive and check the integrity of all entries.

        Raises:
            BackupError: The archive is missing or damaged.
        """
        ...
