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

from application.operations.ports import BackupRefused

DAMAGE: Final = (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What reading a file that is no archive, or no longer one, can end in."""


class ZipArchives:
    """Ordinary zip files: one that is cut short lacks the directory at its end, every part has its CRC, and the comment
    tells how many there are."""

    @contextmanager
    def create(self, path: Path) -> Iterator["ZipWriter"]:
        if path.exists():
            raise BackupRefused(f"{path} is there already")
        try:
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
        except OSError as error:
            raise BackupRefused(f"{path} can't be written: {error.strerror}") from error
        try:
            with os.fdopen(descriptor, "wb") as whole:
                with ZipFile(whole, "w", ZIP_DEFLATED, compresslevel=1) as opened:
                    yield ZipWriter(opened)
                    opened.comment = _count(opened)
                whole.flush()
                os.fsync(whole.fileno())
            Path(name).rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise BackupRefused(f"{path} can't be written: {error.strerror}") from error
        finally:
            Path(name).unlink(missing_ok=True)

    @contextmanager
    def open(self, path: Path) -> Iterator["ZipReader"]:
        try:
            opened = ZipFile(path)
        except FileNotFoundError:
            raise BackupRefused(f"there is no {path}") from None
        except DAMAGE as error:
            raise BackupRefused(f"{path} is damaged, or no backup") from error
        with opened:
            if not _is_sound(opened):
                raise BackupRefused(f"{path} is damaged")
            yield ZipReader(opened)


class ZipWriter:
    def __init__(self, opened: ZipFile) -> None:
        self._opened = opened

    def add(self, name: str, content: bytes) -> None:
        self._opened.writestr(name, content)

    def add_file(self, name: str, path: Path) -> None:
        self._opened.write(path, name)


class ZipReader:
    def __init__(self, opened: ZipFile) -> None:
        self._opened = opened

    def read(self, name: str) -> bytes:
        with _there(name):
            return self._opened.read(name)

    def extract(self, name: str, path: Path) -> None:
        with _there(name), self._opened.open(name) as part, path.open("xb") as whole:
            shutil.copyfileobj(part, whole, 1024 * 1024)

    def names(self) -> Iterator[str]:
        yield from self._opened.namelist()


@contextmanager
def _there(name: str) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise BackupRefused(f"the backup has no part named {name}") from error


def _count(opened: ZipFile) -> bytes:
    return b"%d" % len(opened.namelist())


def _is_sound(opened: ZipFile) -> bool:
    try:
        return opened.comment == _count(opened) and opened.testzip() is None
    except DAMAGE:
        return False


def _sync_folder(folder: Path) -> None:
    """So that the name, too, outlives a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
