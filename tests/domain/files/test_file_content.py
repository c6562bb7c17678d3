import pytest

from domain.errors import EmptyFile, FileTooLarge, UnsupportedFileType
from domain.files.file import File, FileType
from domain.files.file_content import ContentValidator
from tests.support.contents import BAD, GOOD, HTML, PDF, SVG, TYPES


def validate(filename: str, content: bytes, size: int = 65_536) -> ContentValidator:
    """Validate the content in chunks of `size` bytes."""
    validator = ContentValidator(FileType.of(filename))
    for start in range(0, len(content), size):
        validator.feed(content[start : start + size])
    validator.finish()
    assert validator.size == len(content)
    return validator


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
    [b"MZ is a name, and so is PK", b"BMW", b"<3 you", b"\xef\xbb\xbf<HTML >", SVG, HTML, b"<?xml?>", b"{\\rtf1 x}"],
)
def test_any_text_in_utf_8_is_accepted(text: bytes) -> None:
    for size in (1, 65_536):
        assert validate("x.txt", text, size).charset == "utf-8"


@pytest.mark.parametrize("text", ["\u00fc\u00df".encode("latin-1"), b"\x80 and \x9f", b"ends in half a character \xc3"])
def test_text_in_another_encoding_is_accepted_and_has_no_known_charset(text: bytes) -> None:
    for size in (1, 65_536):
        assert validate("x.txt", text, size).charset is None


def test_files_that_are_no_text_have_no_charset() -> None:
    assert validate("plan.pdf", PDF).charset is None


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
    for filename, head in (("x.png", b"GIF89a\x00\x00"), ("x.txt", b"%PDF-"), ("x.txt", b"\x00")):
        with pytest.raises(UnsupportedFileType):
            ContentValidator(FileType.of(filename)).feed(head)
