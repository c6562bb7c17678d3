import os
from pathlib import Path
from typing import Final

import pytest

from adapters.archive.zip import ZipArchiveFormat
from application.storage import BackupError

PARTS: Final = {"small": b"Gr\xc3\xbc\xc3\x9fe", "empty": b"", "folder/random": os.urandom(300)}


def write(path: Path) -> None:
    with ZipArchiveFormat().create(path) as archive:
        for name, content in PARTS.items():
            archive.add(name, content)


def read(path: Path) -> dict[str, bytes]:
    with ZipArchiveFormat().open(path) as archive:
        return {name: archive.read(name) for name in archive.names()}


def test_archived_parts_are_returned(tmp_path: Path) -> None:
    write(path := tmp_path / "archive")

    assert read(path) == PARTS


def test_an_error_during_creation_leaves_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ZipArchiveFormat().create(tmp_path / "archive") as archive:
        archive.add("part", b"of it")
        raise ZeroDivisionError

    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_archive_is_not_visible(tmp_path: Path) -> None:
    with ZipArchiveFormat().create(path := tmp_path / "archive"):
        assert not path.exists()

    assert list(tmp_path.iterdir()) == [path]


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    write(path := tmp_path / "archive")
    whole = path.read_bytes()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BackupError):
            read(path)


def test_a_changed_bit_is_detected(tmp_path: Path) -> None:
    write(path := tmp_path / "archive")
    whole = path.read_bytes()

    for place in range(len(whole)):
        for bit in (0x01, 0x80):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            try:
                entries = read(path)
            except BackupError:
                continue
            assert entries == PARTS, place
