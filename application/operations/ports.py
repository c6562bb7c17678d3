from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


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
