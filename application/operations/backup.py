import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from application.files.keys import STORE_ID_KEY
from application.files.ports import FileStore
from application.operations.ports import ArchiveFormat, ArchiveReader
from application.platform.clock import Clock
from application.storage import BackupError, DatabaseCopier, SchemaRevision
from domain.errors import FileNotFound

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database"
FILES: Final = "files/"

KEY: Final = re.compile(r"[A-Za-z0-9-]+(/[A-Za-z0-9-]+)*")
"""Key of a complete object in the file store. Partial objects, which a crash may leave, have a dot."""

ReportProgress = Callable[[str], None]
"""Called with a description of each step, to show the progress."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Describe a backup. The first entry of the archive."""

    FORMAT = 1

    database: str
    """The database system; see `DatabaseCopier.kind`."""
    revision: str
    made_at: datetime
    compatible_from: str | None = None

    @property
    def schema(self) -> SchemaRevision:
        """The schema revision of the backup."""
        return SchemaRevision(self.revision, self.compatible_from)

    def to_json(self) -> bytes:
        """Return the JSON that `from_json` reads."""
        values = {"format": self.FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps(values, indent=2).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a manifest.

        Raises:
            BackupError: The content is not a manifest, or has another format version.
        """
        try:
            values: dict[str, Any] = json.loads(content)
            version = values.pop("format")
            if version != cls.FORMAT:
                raise BackupError(f"the backup has format {version}, but this version reads format {cls.FORMAT}")
            made_at = datetime.fromisoformat(values["made_at"])
            return cls(values["database"], values["revision"], made_at, values.get("compatible_from"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupError("the manifest of the backup cannot be read") from error


@dataclass(frozen=True, slots=True)
class _Contents:
    """What an archive contains."""

    manifest: Manifest
    keys: Sequence[str]
    """Keys of the file contents."""

    @classmethod
    def of(cls, archive: ArchiveReader, database: DatabaseCopier) -> Self:
        """Read what the archive contains. Check that it can be restored into this kind of database.

        Raises:
            BackupError: It cannot.
        """
        manifest = Manifest.from_json(archive.read(MANIFEST))
        if manifest.database != database.kind:
            raise BackupError(f"the backup is for {manifest.database}, but DATABASE_URL is for {database.kind}")
        if not database.is_readable(manifest.schema):
            raise BackupError(f"the backup is at revision {manifest.revision}, which this version does not know")
        names = list(archive.names())
        if DATABASE not in names:
            raise BackupError(f"the backup has no entry named {DATABASE}")
        keys = [name.removeprefix(FILES) for name in names if name.startswith(FILES)]
        if not all(map(KEY.fullmatch, keys)):
            raise BackupError("the backup has an invalid file key")
        return cls(manifest, keys)


class BackupService:
    """Back up the database and all files into one archive, and restore them.

    Every method raises BackupError, and StorageUnavailable or FileStoreUnavailable while one of them is unreachable.
    """

    def __init__(
        self, database: DatabaseCopier | None, files: FileStore, archive_format: ArchiveFormat, clock: Clock
    ) -> None:
        self._database = database
        self._files = files
        self._archive_format = archive_format
        self._clock = clock

    async def backup(self, path: Path, report_progress: ReportProgress) -> Manifest:
        """Create an archive that contains at least every change that was committed before the call.

        The contents of files are copied after the database. The content of a file that was deleted in between is
        missing, and the sweep removes the content of a file that was added in between, after a restore.

        Raises:
            BackupError: The storage is no database, its revision is unknown, or the archive cannot be written.
        """
        database = self._require_database()
        made_at = self._clock.now()
        revision = await database.revision()
        if revision is None:
            raise BackupError("the database was never migrated: there is nothing to back up")
        if not database.is_readable(revision):
            raise BackupError(f"the database is at revision {revision.id}, which this version does not know")
        manifest = Manifest(database.kind, revision.id, made_at, revision.compatible_from)
        with self._archive_format.create(path) as archive, TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
            copy = Path(scratch, DATABASE)
            report_progress("copying the database")
            await database.dump(copy)
            if await database.revision() != revision:
                raise BackupError("the database was migrated during the backup: try again")
            report_progress("packing the database")
            archive.add(MANIFEST, manifest.to_json())
            await asyncio.to_thread(archive.add_file, DATABASE, copy)
            report_progress("copying the files")
            async for key, content in self._complete_objects():
                await asyncio.to_thread(archive.add, FILES + key, content)
        return manifest

    async def restore(self, path: Path, report_progress: ReportProgress) -> Manifest:
        """Restore an archive into an empty database and an empty file store. The schema revision is that of the backup.

        The database is loaded last, so that no row exists without its content. If that fails, the restored
        contents are removed again.

        Raises:
            BackupError: The archive is damaged or does not fit the database, or the target is not empty.
        """
        database = self._require_database()
        report_progress("checking the backup")
        with self._archive_format.open(path) as archive, TemporaryDirectory() as scratch:
            contents = _Contents.of(archive, database)
            await database.require_empty()
            await self._require_no_files()
            copy = Path(scratch, DATABASE)
            report_progress("unpacking the database")
            await asyncio.to_thread(archive.extract, DATABASE, copy)
            try:
                for number, key in enumerate(contents.keys):
                    report_progress(f"restoring file {number + 1} of {len(contents.keys)}")
                    await self._files.put(key, _single_chunk(await asyncio.to_thread(archive.read, FILES + key)))
                report_progress("restoring the database")
                await database.load(copy)
            except BaseException:
                await self._files.remove(*contents.keys)
                raise
        return contents.manifest

    async def verify(self, path: Path, report_progress: ReportProgress) -> Manifest:
        """Check that an archive is intact and fits the kind of the database and this version. Connects to nothing.

        Raises:
            BackupError: It cannot be restored.
        """
        database = self._require_database()
        report_progress("checking the backup")
        with self._archive_format.open(path) as archive:
            return _Contents.of(archive, database).manifest

    async def _complete_objects(self) -> AsyncIterator[tuple[str, bytes]]:
        """Read all complete objects, each at once: `File.MAX_SIZE` limits their size.

        The copy gets another id than this file store: a restored service must not take this one for its own.
        """
        async for stored in self._files.list():
            if KEY.fullmatch(stored.key) and stored.key != STORE_ID_KEY:
                with suppress(FileNotFound):
                    chunks = await self._files.read(stored.key, 0, stored.size)
                    yield stored.key, b"".join([chunk async for chunk in chunks])

    async def _require_no_files(self) -> None:
        async for stored in self._files.list():
            raise BackupError(f"the file store must be empty, but FILES_URL contains {stored.key}")

    def _require_database(self) -> DatabaseCopier:
        if self._database is None:
            raise BackupError("only a database can be backed up: STORAGE must be sql")
        return self._database


async def _single_chunk(content: bytes) -> AsyncIterator[bytes]:
    yield content
