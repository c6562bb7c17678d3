import os
from pathlib import Path
from typing import Final

import pytest

from adapters.archive.zip import ZipArchives
from application.operations.ports import BackupRefused

PARTS: Final = {"small": b"Gr\xc3\xbc\xc3\x9fe", "empty": b"", "folder/random": os.urandom(300)}


def write(path: Path) -> None:
    with ZipArchives().create(path) as archive:
        for name, content in PARTS.items():
            archive.add(name, content)


def read(path: Path) -> dict[str, bytes]:
    with ZipArchives().open(path) as archive:
        return {name: archive.read(name) for name in archive.names()}


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    write(path := tmp_path / "archive")

    assert read(path) == PARTS


def test_an_error_while_it_is_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ZipArchives().create(tmp_path / "archive") as archive:
        archive.add("part", b"of it")
        raise ZeroDivisionError

    assert list(tmp_path.iterdir()) == []


def test_while_it_is_made_there_is_nothing_of_its_name(tmp_path: Path) -> None:
    with ZipArchives().create(path := tmp_path / "archive"):
        assert not path.exists()

    assert list(tmp_path.iterdir()) == [path]


def test_one_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    write(path := tmp_path / "archive")
    whole = path.read_bytes()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BackupRefused):
            read(path)


def test_no_bit_can_change_what_comes_out(tmp_path: Path) -> None:
    write(path := tmp_path / "archive")
    whole = path.read_bytes()

    for place in range(len(whole)):
        for bit in (0x01, 0x80):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            try:
                found = read(path)
            except BackupRefused:
                continue
            assert found == PARTS, place
