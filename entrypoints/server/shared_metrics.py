"""The directory in which workers share metrics."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Final

PREFIX: Final = "task-manager-metrics-"


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Create a directory in which all workers store metrics, so that each can report the metrics of all.

    A process that is killed leaves its directory. The next one removes it.
    """
    remove_abandoned()
    directory, lock = _create_locked()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def remove_abandoned() -> None:
    """Remove the directories whose parent was killed, unless a worker is still running."""
    for directory in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # the directory is in use, or belongs to another user
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                flock(lock, LOCK_EX | LOCK_NB)
                if not any(map(_is_of_running_worker, directory.glob("*.db"))):
                    shutil.rmtree(directory)
            finally:
                os.close(lock)


def _create_locked() -> tuple[Path, int]:
    """Create a directory and lock it until this process ends in any way. systemd-tmpfiles respects the lock, too."""
    while True:
        directory = Path(mkdtemp(prefix=PREFIX))
        with suppress(FileNotFoundError):  # another process removed it before it was locked
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(OSError):  # a file system without locks: no process can lock it to remove it
                flock(lock, LOCK_EX)
            if directory.exists():
                return directory, lock
            os.close(lock)


def _is_of_running_worker(path: Path) -> bool:
    """Return whether the worker that writes the file is running. The name of the file ends with its id."""
    with suppress(ValueError, ProcessLookupError, PermissionError):
        os.kill(int(path.stem.rpartition("_")[2]), 0)
        return True
    return False
