import asyncio
import errno
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from adapters.sql.engine.urls import sqlite_path_of
from adapters.sql.schema.files import file_store
from adapters.sql.schema.migrator import SqlSchema
from application.platform.unit_of_work import StorageUnavailable
from application.storage import BackupError, SchemaRevision

SUFFIXES: Final = ("", "-wal", "-shm", "-journal")
"""Suffixes of the files of a database. SQLite would replay an old log into a new database."""


HAS_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"


class SqliteCopier:
    """Copy a database with SQLite's online backup."""

    kind: Final = "sqlite"

    def __init__(self, url: str) -> None:
        self._path = sqlite_path_of(url)
        self._schema = SqlSchema(url)

    async def revision(self) -> SchemaRevision | None:
        return await self._schema.current()

    def is_readable(self, revision: SchemaRevision) -> bool:
        return revision.is_readable_by(self._schema.revisions)

    async def dump(self, path: Path) -> None:
        await asyncio.to_thread(self._dump, path)

    async def require_empty(self) -> None:
        await asyncio.to_thread(self._require_empty)

    async def load(self, path: Path) -> None:
        await asyncio.to_thread(self._load, path)

    def _dump(self, path: Path) -> None:
        try:
            with (
                closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True)) as source,
                closing(sqlite3.connect(path)) as copy,
            ):
                source.backup(copy)  # one read transaction: writers do not wait
                if copy.execute(HAS_TABLE, [file_store.name]).fetchone():
                    copy.execute(f"DELETE FROM {file_store.name}")  # noqa: S608 - no input
                    copy.commit()
        except sqlite3.Error as error:
            raise StorageUnavailable("the database file cannot be read, or its copy cannot be written") from error

    def _require_empty(self) -> None:
        for suffix in SUFFIXES:
            if (path := Path(f"{self._path}{suffix}")).exists():
                raise BackupError(f"a backup can only be restored where no database exists, but {path} exists")

    def _load(self, path: Path) -> None:
        """Copy into a temporary file, reserve the name with an empty file, then rename.

        Creating the empty file fails if the name exists. No hard link, because some file systems have none.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._path.parent, prefix=f".{self._path.name}.") as directory:
                with path.open("rb") as copy, (whole := Path(directory, "whole")).open("xb") as file:
                    shutil.copyfileobj(copy, file, 1024 * 1024)
                    file.flush()
                    os.fsync(file.fileno())
                self._require_empty()
                self._path.touch(exist_ok=False)
                whole.replace(self._path)
            _sync(self._path.parent)
        except OSError as error:
            raise BackupError(f"{self._path} cannot be written: {error.strerror}") from error


def _sync(folder: Path) -> None:
    """Flush the directory, so that the new name survives a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync directories
            raise
    finally:
        os.close(descriptor)
