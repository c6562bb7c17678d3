import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from application.files.ports import FileStore
from application.operations.ports import Archives, BackupRefused, DatabaseCopier
from application.platform.clock import Clock
from domain.errors import FileNotFound

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database"
FILES: Final = "files/"

KEY: Final = re.compile(r"[A-Za-z0-9-]+(/[A-Za-z0-9-]+)*")
"""Of the bytes of a file; halves that a crash left have a dot."""

Tell = Callable[[str], None]
"""Called with what is being done, for who waits."""


@dataclass(frozen=True, slots=True)
class Manifest:
    FORMAT = 1

    database: str
    """Its kind."""
    revision: str
    made_at: datetime

    def to_json(self) -> bytes:
        told = {"format": self.FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps(told, indent=2).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Raises BackupRefused."""
        try:
            told: dict[str, Any] = json.loads(content)
            form = told.pop("format")
            if form != cls.FORMAT:
                raise BackupRefused(f"the backup has format {form}, this program reads {cls.FORMAT}")
            return cls(told["database"], told["revision"], datetime.fromisoformat(told["made_at"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupRefused("the backup has no manifest that can be read") from error


class BackupService:
    """Copies of everything that is stored, into one file and back.

    Every method raises BackupRefused, and what the storage and the store of files raise when they are away.
    """

    def __init__(self, database: DatabaseCopier | None, files: FileStore, archives: Archives, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._archives = archives
        self._clock = clock

    async def backup(self, path: Path, tell: Tell) -> Manifest:
        """Whatever was answered before this was called is in it.

        Bytes are copied after the rows that tell of them: those of a file removed in between are missing, and it was
        removed; those of a file that came in between are swept.
        """
        database = self._copied()
        made_at = self._clock.now()
        revision = await database.revision()
        if revision is None:
            raise BackupRefused("the database was never migrated: there is nothing to back up")
        if not database.knows(revision):
            raise BackupRefused(f"the database is at revision {revision}, which this program does not know")
        manifest = Manifest(database.kind, revision, made_at)
        with self._archives.create(path) as archive, TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
            copy = Path(scratch, DATABASE)
            tell("copying the database")
            await database.dump(copy)
            if await database.revision() != revision:
                raise BackupRefused("the database was migrated meanwhile: try again")
            tell("packing the database")
            archive.add(MANIFEST, manifest.to_json())
            await asyncio.to_thread(archive.add_file, DATABASE, copy)
            tell("copying the files")
            async for key, content in self._whole_files():
                await asyncio.to_thread(archive.add, FILES + key, content)
        return manifest

    async def restore(self, path: Path, tell: Tell) -> Manifest:
        """Into a place where nothing is. The revision is the one that was copied.

        The database comes last: until then there is nothing, and if it can't be loaded there is nothing again.
        """
        database = self._copied()
        tell("checking the backup")
        with self._archives.open(path) as archive, TemporaryDirectory() as scratch:
            manifest = Manifest.from_json(archive.read(MANIFEST))
            if manifest.database != database.kind:
                raise BackupRefused(f"the backup is of {manifest.database}, DATABASE_URL is of {database.kind}")
            if not database.knows(manifest.revision):
                raise BackupRefused(f"the backup is at revision {manifest.revision}, which this program does not know")
            await database.require_empty()
            await self._require_no_files()
            copy = Path(scratch, DATABASE)
            tell("unpacking the database")
            await asyncio.to_thread(archive.extract, DATABASE, copy)
            keys = [name.removeprefix(FILES) for name in archive.names() if name.startswith(FILES)]
            if not all(map(KEY.fullmatch, keys)):
                raise BackupRefused("the backup has a file of a name that no file has")
            try:
                for number, key in enumerate(keys):
                    tell(f"restoring file {number + 1} of {len(keys)}")
                    await self._files.put(key, _once(await asyncio.to_thread(archive.read, FILES + key)))
                tell("restoring the database")
                await database.load(copy)
            except BaseException:
                await self._files.remove(*keys)
                raise
        return manifest

    async def _whole_files(self) -> AsyncIterator[tuple[str, bytes]]:
        """Each is small enough to be held in memory."""
        async for stored in self._files.list():
            if KEY.fullmatch(stored.key):
                with suppress(FileNotFound):
                    pieces = await self._files.read(stored.key, 0, stored.size)
                    yield stored.key, b"".join([piece async for piece in pieces])

    async def _require_no_files(self) -> None:
        async for stored in self._files.list():
            raise BackupRefused(f"a backup is restored where nothing is, and FILES_URL has {stored.key}")

    def _copied(self) -> DatabaseCopier:
        if self._database is None:
            raise BackupRefused("only a database can be backed up: this STORAGE is none")
        return self._database


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
