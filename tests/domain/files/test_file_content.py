import pytest

from domain.errors import EmptyFile, FileTooLarge, UnsupportedFileType
from domain.files.file import File, FileType
from domain.files.file_content import ContentValidator
from tests.support.contents import BAD, GOOD, TYPES


def validate(filename: str, content: bytes, size: int = 65_536) -> None:
    """Validate the content in chunks of `size` bytes."""
    validator = ContentValidator(FileType.of(filename))
    for start in range(0, len(content), size):
        validator.feed(content[start : start + size])
    validator.finish()
    assert validator.size == len(content)


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize("filename", GOOD)
def test_content_that_matches_the_extension_is_accepted(filename: str, size: int) -> None:
    validate(filename, GOOD[filename], size)


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize(("filename", "content"), BAD, ids=range(len(BAD)))
def test_content_of_another_type_is_rejected(filename: str, content: bytes, size: int) -> None:
    with pytest.raises(UnsupportedFileType):
        validate(filename, content, size)


@pytest.mark.parametrize(
    "text",
    [b"MZ is a name, and so is PK", b"BMW", b"a < b > c", b"<3 you", b"<abc@example.com> wrote:", b"\xef\xbb\xbfx"],
)
def test_text_that_resembles_a_signature_is_accepted(text: bytes) -> None:
    validate("x.txt", text)


@pytest.mark.parametrize("extension", TYPES)
def test_an_empty_file_is_rejected(extension: str) -> None:
    with pytest.raises(EmptyFile):
        validate(f"x.{extension}", b"")


def test_the_maximum_size_is_an_inclusive_limit() -> None:
    validate("x.txt", b"x" * File.MAX_SIZE)
    validator = ContentValidator(FileType.TEXT)
    validator.feed(b"x" * File.MAX_SIZE)
    with pytest.raises(FileTooLarge):
        validator.feed(b"x")


def test_a_mismatch_is_reported_with_the_first_chunk_that_proves_it() -> None:
    for filename, head in (("x.png", b"GIF89a\x00\x00"), ("x.txt", b"<html>"), ("x.txt", b"\x00")):
        with pytest.raises(UnsupportedFileType):
            ContentValidator(FileType.of(filename)).feed(head)
