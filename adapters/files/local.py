import asyncio
import os
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

PIECE: Final = 256 * 1024
"""Bytes that are read or written at once."""

T = TypeVar("T")


class LocalFileStore:
    """A folder, with a file for each object. It appears under its name when it is complete and on disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        writing = _Writing(self._root / key)
        try:
            pieces = bytearray()
            async for chunk in chunks:
                pieces += chunk
                if len(pieces) >= PIECE:
                    await _on_disk(partial(writing.write, bytes(pieces)))
                    pieces.clear()
            await _on_disk(partial(writing.write, bytes(pieces)))
            await _on_disk(writing.complete)
        except BaseException:
            with suppress(FileStoreUnavailable):
                await _on_disk(writing.abandon)
            raise

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        reading = await _on_disk(partial(_opened, self._root / key))
        if reading is None:
            raise FileNotFound
        return _pieces(reading, start, end)

    async def remove(self, *keys: str) -> None:
        await _on_disk(partial(_remove, *(self._root / key for key in keys)))

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        for folder in [prefix] if prefix else await _on_disk(partial(_folders_in, self._root)):
            for found in await _on_disk(partial(_objects_in, self._root / folder)):
                yield found

    async def check(self) -> None:
        await _on_disk(partial(self._root.mkdir, parents=True, exist_ok=True))
        if not await _on_disk(partial(os.access, self._root, os.R_OK | os.W_OK | os.X_OK)):
            raise FileStoreUnavailable("the folder of the files is not ours to write")

    async def close(self) -> None:
        pass


class _Writing:
    """An object on its way to disk, under another name until it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._half = path.with_name(f"{path.name}.{uuid4().hex}")
        self._file: FileIO | None = None

    def write(self, piece: bytes) -> None:
        if self._file is None:
            self._file = self._create()
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]

    def complete(self) -> None:
        assert self._file is not None
        os.fsync(self._file.fileno())
        self._file.close()
        self._half.replace(self._path)
        _sync_folder(self._path.parent)

    def abandon(self) -> None:
        """Also what is complete, if it was to be but for being cancelled."""
        if self._file is not None:
            self._file.close()
            self._half.unlink(missing_ok=True)
            _remove(self._path)

    def _create(self) -> FileIO:
        while True:
            with suppress(FileExistsError):  # not by `exist_ok`, which wants it to be there still
                self._path.parent.mkdir(mode=0o700, parents=True)
                _sync_folder(self._path.parent.parent)
            with suppress(FileNotFoundError):  # the folder was empty, and went meanwhile
                return FileIO(self._half, "xb", opener=partial(os.open, mode=0o600))


async def _on_disk(work: Callable[[], T]) -> T:
    """In a thread; what has begun is done when this ends, also when it is cancelled."""
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
        raise FileStoreUnavailable("the files can't be read or written") from failure
    return running.result()


async def _pieces(reading: FileIO, start: int, end: int) -> AsyncIterator[bytes]:
    with reading:
        for at in range(start, end, PIECE):
            yield await _on_disk(partial(os.pread, reading.fileno(), min(PIECE, end - at), at))


def _opened(path: Path) -> FileIO | None:
    try:
        return FileIO(path)
    except FileNotFoundError:
        return None


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # others are in it
            path.parent.rmdir()


def _folders_in(root: Path) -> list[str]:
    return [entry.name for entry in os.scandir(root) if entry.is_dir()] if root.exists() else []


def _objects_in(folder: Path) -> list[StoredObject]:
    found: list[StoredObject] = []
    with suppress(FileNotFoundError):  # there is none, or it went meanwhile
        for path in folder.iterdir():
            with suppress(FileNotFoundError):  # it went meanwhile
                told = path.stat()
                at = datetime.fromtimestamp(told.st_mtime, UTC)
                found.append(StoredObject(f"{folder.name}/{path.name}", told.st_size, at))
    return found


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
