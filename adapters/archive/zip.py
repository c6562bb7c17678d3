import errno
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from application.storage import BackupError

DAMAGE: Final = (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""Errors that reading an invalid or damaged archive can raise."""


class ZipArchiveFormat:
    """Archives as ordinary zip files.

    Damage is detected: a truncated file lacks the directory at its end, every entry has a CRC, and the comment of the
    archive contains the number of entries.
    """

    @contextmanager
    def create(self, path: Path) -> Iterator["ZipWriter"]:
        if path.exists():
            raise BackupError(f"{path} already exists")
        try:
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
        except OSError as error:
            raise BackupError(f"{path} can't be written: {error.strerror}") from error
        try:
            with os.fdopen(descriptor, "wb") as file:
                with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
                    yield ZipWriter(archive)
                    archive.comment = _entry_count(archive)
                file.flush()
                os.fsync(file.fileno())
            Path(name).rename(path)
            _sync_directory(path.parent)
        except OSError as error:
            raise BackupError(f"{path} can't be written: {error.strerror}") from error
        finally:
            Path(name).unlink(missing_ok=True)

    @contextmanager
    def open(self, path: Path) -> Iterator["ZipReader"]:
        try:
            archive = ZipFile(path)
        except FileNotFoundError:
            raise BackupError(f"{path} does not exist") from None
        except DAMAGE as error:
            raise BackupError(f"{path} is damaged or not a backup") from error
        with archive:
            if not _is_intact(archive):
                raise BackupError(f"{path} is damaged")
            yield ZipReader(archive)


class ZipWriter:
    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def add(self, name: str, content: bytes) -> None:
        self._archive.writestr(name, content)

    def add_file(self, name: str, path: Path) -> None:
        self._archive.write(path, name)


class ZipReader:
    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def read(self, name: str) -> bytes:
        with _existing_entry(name):
            return self._archive.read(name)

    def extract(self, name: str, path: Path) -> None:
        with _existing_entry(name), self._archive.open(name) as entry, path.open("xb") as file:
            shutil.copyfileobj(entry, file, 1024 * 1024)

    def names(self) -> Iterator[str]:
        yield from self._archive.namelist()


@contextmanager
def _existing_entry(name: str) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise BackupError(f"the backup has no entry named {name}") from error


def _entry_count(archive: ZipFile) -> bytes:
    return b"%d" % len(archive.namelist())


def _is_intact(archive: ZipFile) -> bool:
    try:
        return archive.comment == _entry_count(archive) and archive.testzip() is None
    except DAMAGE:
        return False


def _sync_directory(directory: Path) -> None:
    """Sync the directory entry, so that the name of the file survives a crash."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync directories
            raise
    finally:
        os.close(descriptor)
