import pytest

from domain.errors import InvalidFilename, QuotaExceeded, UnsupportedFileType
from domain.files.file import File, FileFilter, FileType, NewestFirst, require_room, valid_filename
from tests.support.builders import NOW, a_file, new_task_id
from tests.support.contents import TYPES


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("notes.txt", "notes.txt"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\ann\notes.txt", "notes.txt"),
        (r"a/b\c/notes.txt", "notes.txt"),
        ("  notes.txt ", "notes.txt"),
        ("no\x00t\r\nes\x7f.t\x85xt", "notes.txt"),
        ("\u202egnp.txt\u2066", "gnp.txt"),
        ("\u00e4\u00f6\U0001f600.txt", "\u00e4\u00f6\U0001f600.txt"),
        ('"quoted"; x=1.txt', '"quoted"; x=1.txt'),
        ("x" * 255, "x" * 255),
        ("a" * 300 + "/x.txt", "x.txt"),
    ],
)
def test_a_filename_is_the_last_segment_of_a_path_without_what_misleads(given: str, kept: str) -> None:
    assert valid_filename(given) == kept
    assert valid_filename(kept) == kept


@pytest.mark.parametrize(
    "given", ["", " ", "/", "a/", "a\\", "..", "a/.", "\u202e\x00", "\u200b", "x" * 256, "\ud800.txt"]
)
def test_what_is_left_has_to_be_a_name(given: str) -> None:
    with pytest.raises(InvalidFilename) as refused:
        valid_filename(given)
    assert refused.value.field == "file"


@pytest.mark.parametrize("extension", TYPES)
def test_the_type_is_told_by_the_end_of_the_name(extension: str) -> None:
    for name in (f"x.{extension}", f"x.Y.{extension.upper()}", f"x.exe.{extension}"):
        assert FileType.of(name).media_type == TYPES[extension]


@pytest.mark.parametrize(
    "name", ["x", "txt", ".txt", "x.", "x.txt.", "x.exe", "x.html", "x.svg", "x.txt.exe", "x. txt", "x.\u017dip"]
)
def test_any_other_end_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedFileType):
        FileType.of(name)


def test_there_is_room_up_to_the_quota() -> None:
    require_room(90, 10, 100)
    for used, size in ((90, 11), (100, 1), (200, 1), (0, 101)):
        with pytest.raises(QuotaExceeded):
            require_room(used, size, 100)


def test_a_filter_is_met_by_the_files_of_its_task() -> None:
    task_id = new_task_id()
    of_task, loose = a_file(task_id=task_id), a_file()

    assert [FileFilter(task_id).match(file) for file in (of_task, loose)] == [True, False]
    assert [FileFilter().match(file) for file in (of_task, loose)] == [True, True]


def test_a_sort_key_is_one_that_a_file_could_have() -> None:
    order = NewestFirst()
    key = order.key(a_file(created_at=NOW))
    assert order.valid_key(key) == key
    for wrong in (True, "1", None, 1.0, 10**18, -(10**18)):
        with pytest.raises(ValueError, match="no file"):
            order.valid_key(wrong)


def test_a_file_is_a_value() -> None:
    file = a_file()
    assert File(**{name: getattr(file, name) for name in File.__slots__}) == file
