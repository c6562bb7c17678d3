import pytest

from domain.errors import EmptyFile, FileTooLarge, UnsupportedFileType
from domain.files.file import File, FileType
from domain.files.file_content import ContentCheck
from tests.support.contents import BAD, GOOD, TYPES


def check(filename: str, content: bytes, size: int = 65_536) -> None:
    """Given in pieces of this size."""
    looking = ContentCheck(FileType.of(filename))
    for start in range(0, len(content), size):
        looking.feed(content[start : start + size])
    looking.finish()
    assert looking.size == len(content)


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize("filename", GOOD)
def test_what_is_what_its_name_says_is_taken(filename: str, size: int) -> None:
    check(filename, GOOD[filename], size)


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize(("filename", "content"), BAD, ids=range(len(BAD)))
def test_what_is_something_else_is_refused(filename: str, content: bytes, size: int) -> None:
    with pytest.raises(UnsupportedFileType):
        check(filename, content, size)


@pytest.mark.parametrize(
    "text",
    [b"MZ is a name, and so is PK", b"BMW", b"a < b > c", b"<3 you", b"<abc@example.com> wrote:", b"\xef\xbb\xbfx"],
)
def test_words_that_only_look_like_a_signature_are_text(text: bytes) -> None:
    check("x.txt", text)


@pytest.mark.parametrize("extension", TYPES)
def test_nothing_is_no_file(extension: str) -> None:
    with pytest.raises(EmptyFile):
        check(f"x.{extension}", b"")


def test_a_file_is_as_large_as_allowed_and_no_larger() -> None:
    check("x.txt", b"x" * File.MAX_SIZE)
    looking = ContentCheck(FileType.TEXT)
    looking.feed(b"x" * File.MAX_SIZE)
    with pytest.raises(FileTooLarge):
        looking.feed(b"x")


def test_what_can_not_become_right_any_more_is_refused_at_once() -> None:
    for filename, head in (("x.png", b"GIF89a\x00\x00"), ("x.txt", b"<html>"), ("x.txt", b"\x00")):
        with pytest.raises(UnsupportedFileType):
            ContentCheck(FileType.of(filename)).feed(head)
