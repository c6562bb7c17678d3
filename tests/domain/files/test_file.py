import pytest

from domain.errors import QuotaExceeded, UnsupportedFileType
from domain.files.file import File, FileFilter, FileType, NewestFirst, clean_filename, require_quota, whole_blocks
from tests.support.builders import NOW, a_file, new_task_id
from tests.support.contents import TYPES
from tests.support.errors import raises_invalid


@pytest.mark.parametrize(
    ("given", "cleaned"),
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
def test_a_filename_is_reduced_to_the_last_path_segment_without_unsafe_characters(given: str, cleaned: str) -> None:
    assert clean_filename(given) == cleaned
    assert clean_filename(cleaned) == cleaned


@pytest.mark.parametrize(
    "given", ["", " ", "/", "a/", "a\\", "..", "a/.", "\u202e\x00", "\u200b", "x" * 256, "\ud800.txt"]
)
def test_an_empty_or_too_long_filename_is_rejected(given: str) -> None:
    with raises_invalid("file", "invalid_filename"):
        clean_filename(given)


@pytest.mark.parametrize("extension", TYPES)
def test_the_extension_determines_the_file_type(extension: str) -> None:
    for name in (f"x.{extension}", f"x.Y.{extension.upper()}", f"x.exe.{extension}"):
        assert FileType.of(name).media_type == TYPES[extension]


@pytest.mark.parametrize(
    "name", ["x", "txt", ".txt", "x.", "x.txt.", "x.exe", "x.html", "x.svg", "x.txt.exe", "x. txt", "x.\u017dip"]
)
def test_other_extensions_are_rejected(name: str) -> None:
    with pytest.raises(UnsupportedFileType):
        FileType.of(name)


def test_the_quota_is_an_inclusive_limit() -> None:
    require_quota(4096, 8192, 12_288)
    for used, size in ((4096, 8193), (12_288, 1), (20_480, 1), (0, 12_289)):
        with pytest.raises(QuotaExceeded):
            require_quota(used, size, 12_288)


def test_the_quota_limits_the_number_of_files() -> None:
    require_quota(whole_blocks(1), 1, 2 * File.BLOCK_SIZE)
    with pytest.raises(QuotaExceeded):
        require_quota(2 * whole_blocks(1), 1, 2 * File.BLOCK_SIZE)


@pytest.mark.parametrize(("size", "taken"), [(0, 0), (1, 4096), (4096, 4096), (4097, 8192), (File.MAX_SIZE, 5_242_880)])
def test_a_file_takes_whole_blocks(size: int, taken: int) -> None:
    assert whole_blocks(size) == taken


def test_a_task_filter_matches_only_files_of_the_task() -> None:
    task_id = new_task_id()
    attached, unattached = a_file(task_id=task_id), a_file()

    assert [FileFilter(task_id).match(file) for file in (attached, unattached)] == [True, False]
    assert [FileFilter().match(file) for file in (attached, unattached)] == [True, True]


def test_impossible_sort_keys_are_rejected() -> None:
    order = NewestFirst()
    key = order.key(a_file(created_at=NOW))
    assert order.validate_key(key) == key
    for invalid in (True, "1", None, 1.0, 10**18, -(10**18)):
        with pytest.raises(ValueError, match="no file"):
            order.validate_key(invalid)


def test_files_with_equal_fields_are_equal() -> None:
    file = a_file()
    assert File(**{name: getattr(file, name) for name in File.__slots__}) == file
