from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class BackupRefused(Exception):
    """Says why to the operator. Nothing was changed."""


class DatabaseCopier(Protocol):
    """The whole database, there and back.

    Every method raises StorageUnavailable if the database can't be reached.
    """

    @property
    def kind(self) -> str:
        """A copy goes only into a database of the kind it was made of."""
        ...

    async def revision(self) -> str | None:
        """None for a database that was never migrated."""
        ...

    def knows(self, revision: str) -> bool:
        """Whether this program can bring a database of this revision to its own."""
        ...

    async def dump(self, path: Path) -> None:
        """As it is at one moment, while others read and write. Raises BackupRefused."""
        ...

    async def require_empty(self) -> None:
        """Raises BackupRefused if there is anything that `load` could harm, or mix with."""
        ...

    async def load(self, path: Path) -> None:
        """All of it or nothing, into a database that is empty. Raises BackupRefused."""
        ...


class ArchiveWriter(Protocol):
    def add(self, name: str, content: bytes) -> None: ...

    def add_file(self, name: str, path: Path) -> None: ...


class ArchiveReader(Protocol):
    """Every part of it is as it was written: that was looked at before."""

    def read(self, name: str) -> bytes:
        """Raises BackupRefused if there is none of this name."""
        ...

    def extract(self, name: str, path: Path) -> None:
        """Raises BackupRefused if there is none of this name."""
        ...

    def names(self) -> Iterator[str]: ...


class Archives(Protocol):
    """One file of many parts."""

    def create(self, path: Path) -> AbstractContextManager[ArchiveWriter]:
        """Its owner's alone. It appears, on disk and whole, when the context is left without an error, or not at all.

        Raises BackupRefused if there is something at `path`, or it can't be written.
        """
        ...

    def open(self, path: Path) -> AbstractContextManager[ArchiveReader]:
        """Raises BackupRefused if it is damaged, or not there."""
        ...
