"""LOG_FILE: the service appends its log to it and rotates it, also with several processes."""

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
import structlog

from entrypoints import logs
from entrypoints.log_file import LogFile
from entrypoints.setting_types import SettingsError
from entrypoints.streams import LogStream
from tests.entrypoints.given import make_settings

WRITERS: Final = 4
LINES: Final = 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "service.log"


def open_log(path: Path, *, max_bytes: int = 10_000, count: int = 1000, fallback: io.StringIO | None = None) -> LogFile:
    return LogFile(path, max_bytes=max_bytes, count=count, fallback=LogStream(fallback or io.StringIO()))


def read_all(path: Path) -> list[str]:
    return list(chain.from_iterable(each.read_text().splitlines() for each in path.parent.iterdir()))


def test_several_writers_rotate_one_file_and_lose_no_line(path: Path) -> None:
    """Each writer opens the file itself, so threads and processes are the same to the locks of the file system."""

    def write(writer: int) -> None:
        log = open_log(path)
        for number in range(LINES):
            log.write(f"line {number} of writer {writer} {'.' * 80}\n")

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))

    expected = {f"line {number} of writer {writer} {'.' * 80}" for number in range(LINES) for writer in range(WRITERS)}
    lines = read_all(path)
    assert set(lines) == expected
    assert len(lines) == len(expected)
    renamed = [each.stat().st_size for each in path.parent.glob("service.log.*")]
    assert len(renamed) > 1
    assert min(renamed) > 9_800  # each was full; the others may append while one of them renames it


def test_it_keeps_the_newest_files(path: Path) -> None:
    log = open_log(path, max_bytes=5, count=2)
    for line in ("1\n", "22222222\n", "3\n", "4\n", "5\n"):
        log.write(line)

    assert {each.name: each.read_text() for each in path.parent.iterdir()} == {
        "service.log": "5\n",
        "service.log.1": "3\n4\n",
        "service.log.2": "22222222\n",  # a line is never split
    }


def test_another_program_can_rename_the_file(path: Path) -> None:
    log = open_log(path)
    log.write("before\n")
    path.rename(path.with_name("renamed"))
    log.write("after\n")

    assert path.read_text() == "after\n"


def test_lines_that_cannot_be_written_go_to_standard_output(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", output := io.StringIO())
    logs.configure(make_settings(log_file=str(path)))
    log = structlog.get_logger("test")

    log.info("first")
    path.unlink()
    path.mkdir()  # even root cannot write it
    log.info("second")
    log.info("third")
    path.rmdir()
    log.info("fourth")

    printed = output.getvalue()
    assert [printed.count(each) for each in ("first", "second", "third", "fourth")] == [0, 1, 1, 0]
    assert printed.count("log_file_unwritable") == 1
    assert "Is a directory" in printed
    assert "fourth" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^LOG_FILE cannot be written: No such file or directory$"):
        logs.configure(make_settings(log_file=str(tmp_path / "missing" / "service.log")))
