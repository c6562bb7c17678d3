import asyncio
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from adapters.sql.schema.migrator import SqlSchema
from application.operations.ports import BackupRefused
from application.platform.unit_of_work import StorageUnavailable

BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps at and beside the path of a database. A log left over would be played into a new one."""


class SqliteCopier:
    """By SQLite's own online copy."""

    kind: Final = "sqlite"

    def __init__(self, url: str) -> None:
        self._path = Path(make_url(url).database or "")
        self._schema = SqlSchema(url)

    async def revision(self) -> str | None:
        return await self._schema.current()

    def knows(self, revision: str) -> bool:
        return self._schema.knows(revision)

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
                source.backup(copy)  # in one read transaction, which keeps no writer waiting
        except sqlite3.Error as error:
            raise StorageUnavailable("the database file can't be read, or its copy not be written") from error

    def _require_empty(self) -> None:
        for suffix in BESIDE:
            if (path := Path(f"{self._path}{suffix}")).exists():
                raise BackupRefused(f"a backup is restored where nothing is, and there is {path}")

    def _load(self, path: Path) -> None:
        """The name is given last, and to nothing that has it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._path.parent, prefix=f".{self._path.name}.") as whole:
                with path.open("rb") as copy:
                    shutil.copyfileobj(copy, whole, 1024 * 1024)
                whole.flush()
                os.fsync(whole.fileno())
                self._require_empty()
                os.link(whole.name, self._path)
            _sync(self._path.parent)
        except OSError as error:
            raise BackupRefused(f"{self._path} can't be written: {error.strerror}") from error


def _sync(folder: Path) -> None:
    """So that the name, too, outlives a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
