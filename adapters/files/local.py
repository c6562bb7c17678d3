import asyncio
import errno
import os
import re
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from application.files.ports import FileStoreUnavailable, StoredObject
from domain.errors import FileNotFound

CHUNK_SIZE: Final = 256 * 1024
"""Bytes per read or write."""

SEGMENT: Final = re.compile(r"[A-Za-z0-9-]+")
"""A segment of a key. Other entries of the directory are not ours: `lost+found`, `.Trash-1000`, `.DS_Store`."""

T = TypeVar("T")


class LocalFileStore:
    """Store each object as a file in a directory. The file gets its name when it is complete and synced to disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        partial_file = _PartialFile(self._root / key)
        try:
            buffer = bytearray()
            async for chunk in chunks:
                buffer += chunk
                if len(buffer) >= CHUNK_SIZE:
                    await _run_in_thread(partial(partial_file.write, bytes(buffer)))
                    buffer.clear()
            await _run_in_thread(partial(partial_file.write, bytes(buffer)))
            await _run_in_thread(partial_file.complete)
        except BaseException:
            with suppress(FileStoreUnavailable):
                await _run_in_thread(partial_file.discard)
            raise

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        file = await _run_in_thread(partial(_open, self._root / key))
        if file is None:
            raise FileNotFound
        return _read_chunks(file, start, end)

    async def remove(self, *keys: str) -> None:
        await _run_in_thread(partial(_remove, *(self._root / key for key in keys)))

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        for directory in [prefix] if prefix else await _run_in_thread(partial(_directories_in, self._root)):
            for stored in await _run_in_thread(partial(_objects_in, self._root / directory)):
                yield stored

    async def check(self) -> None:
        await _run_in_thread(partial(self._root.mkdir, parents=True, exist_ok=True))
        if not await _run_in_thread(partial(os.access, self._root, os.R_OK | os.W_OK | os.X_OK)):
            raise FileStoreUnavailable("the directory of the files is not writable")


class _PartialFile:
    """A file that has a temporary name until it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f"{path.name}.{uuid4().hex}")
        self._file: FileIO | None = None

    def write(self, chunk: bytes) -> None:
        if self._file is None:
            self._file = self._create()
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._file.write(rest) :]

    def complete(self) -> None:
        assert self._file is not None
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.replace(self._path)
        _sync_directory(self._path.parent)

    def discard(self) -> None:
        """Delete the file, also if `complete` has just renamed it but the caller was cancelled."""
        if self._file is not None:
            self._file.close()
            self._temporary.unlink(missing_ok=True)
            _remove(self._path)

    def _create(self) -> FileIO:
        while True:
            with suppress(FileExistsError):  # not `exist_ok`: it fails if the directory is removed at the same time
                self._path.parent.mkdir(mode=0o700, parents=True)
                _sync_directory(self._path.parent.parent)
            with suppress(FileNotFoundError):  # `remove` has just deleted the empty directory
                return FileIO(self._temporary, "xb", opener=partial(os.open, mode=0o600))


async def _run_in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a thread. A cancelled call waits until the work is done, so that cleanup can follow."""
    running = asyncio.get_running_loop().run_in_executor(None, work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as request:
            cancelled = request
    failure = running.exception()
    if cancelled is not None:
        raise cancelled
    if isinstance(failure, OSError):
        raise FileStoreUnavailable("files cannot be read or written") from failure
    return running.result()


async def _read_chunks(file: FileIO, start: int, end: int) -> AsyncIterator[bytes]:
    with file:
        for at in range(start, end, CHUNK_SIZE):
            yield await _run_in_thread(partial(os.pread, file.fileno(), min(CHUNK_SIZE, end - at), at))


def _open(path: Path) -> FileIO | None:
    try:
        return FileIO(path)
    except FileNotFoundError:
        return None


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # the directory has other objects
            path.parent.rmdir()


def _directories_in(root: Path) -> list[str]:
    if not root.exists():
        return []
    return [entry.name for entry in os.scandir(root) if SEGMENT.fullmatch(entry.name) and entry.is_dir()]


def _objects_in(directory: Path) -> list[StoredObject]:
    objects: list[StoredObject] = []
    with suppress(FileNotFoundError):  # the directory does not exist, or was removed meanwhile
        for path in directory.iterdir():
            if not SEGMENT.fullmatch(path.name.partition(".")[0]):
                continue
            with suppress(FileNotFoundError):  # the object was removed meanwhile
                status = path.stat()
                if not stat.S_ISREG(status.st_mode):
                    continue
                modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
                objects.append(StoredObject(f"{directory.name}/{path.name}", status.st_size, modified_at))
    return objects


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync directories
            raise
    finally:
        os.close(descriptor)
