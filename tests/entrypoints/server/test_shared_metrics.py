import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from entrypoints.server.shared_metrics import PREFIX, shared_metrics


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    return tmp_path


def directories(temporary: Path) -> set[str]:
    return {path.name.removeprefix(PREFIX) for path in temporary.iterdir()}


def leave(temporary: Path, name: str, worker: int) -> Path:
    """Create the directory of another service, with a file of its worker."""
    directory = temporary / f"{PREFIX}{name}"
    directory.mkdir()
    (directory / f"counter_{worker}.db").touch()
    return directory


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    lock = os.open(directory, os.O_RDONLY)
    try:
        flock(lock, LOCK_EX)
        yield
    finally:
        os.close(lock)


@pytest.fixture(scope="module")
def dead() -> int:
    """Return the id of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        return process.pid


def test_the_directory_is_removed_at_the_end(temporary: Path) -> None:
    with shared_metrics():
        shared = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        assert shared.parent == temporary
        (shared / "counter_1.db").touch()
    assert directories(temporary) == set()


def test_the_directories_of_killed_services_are_removed(temporary: Path, dead: int) -> None:
    leave(temporary, "killed", dead)
    leave(temporary, "draining", os.getpid())
    in_use = leave(temporary, "living", dead)
    (temporary / f"{PREFIX}foreign").symlink_to(leave(temporary / "..", "elsewhere", dead))
    with locked(in_use), shared_metrics():
        assert "killed" not in directories(temporary)
    assert directories(temporary) == {"draining", "living", "foreign"}
    assert (temporary / f"{PREFIX}foreign" / f"counter_{dead}.db").exists()


def test_a_service_removes_no_directory_of_another_one_that_is_running(temporary: Path) -> None:
    with shared_metrics():
        first = directories(temporary)
        with shared_metrics():
            assert first < directories(temporary)
        assert directories(temporary) == first
