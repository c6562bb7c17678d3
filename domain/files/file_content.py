"""Check incrementally that the content of a file has the type that its extension promises."""

import codecs
import re
from typing import Final

from domain.errors import EmptyFile, FileTooLarge, UnsupportedFileType
from domain.files.file import File, FileType

SIGNATURES: Final = {
    FileType.PDF: (b"%PDF-",),
    FileType.PNG: (b"\x89PNG\r\n\x1a\n",),
    FileType.JPEG: (b"\xff\xd8\xff",),
    FileType.GIF: (b"GIF87a", b"GIF89a"),
    FileType.DOC: (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    FileType.DOCX: (b"PK\x03\x04",),
}
"""First bytes of each type (https://mimesniff.spec.whatwg.org/). Word documents are OLE or ZIP containers."""

CONTAINER_ENTRIES: Final = {
    FileType.DOC: ("WordDocument".encode("utf-16-le"),),
    FileType.DOCX: (b"[Content_Types].xml", b"word/document.xml"),
}
"""Names of parts that a container of a Word document has. Containers do not compress these names."""

_ALL_SIGNATURES: Final = tuple(signature for each in SIGNATURES.values() for signature in each)
_HEAD_SIZE: Final = max(map(len, _ALL_SIGNATURES))

_CONTROL_CHARACTERS: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Bytes that occur in plain text neither in an 8-bit encoding nor in UTF-8 (https://mimesniff.spec.whatwg.org/)."""


class ContentValidator:
    """Validate the size and the type of a file while its content streams by.

    Text is everything without control characters, in any encoding that extends ASCII. It may be HTML: downloads are
    never displayed.

    Pass the chunks to `feed` in order, then call `finish`. Only the first bytes and the end of
    the last chunk are kept. Each error is raised as soon as it is certain.
    """

    def __init__(self, kind: FileType) -> None:
        self._kind = kind
        self._head = b""
        self._tail = b""
        self._missing_entries = set(CONTAINER_ENTRIES.get(kind, ()))
        self._overlap = max(map(len, self._missing_entries), default=1) - 1
        self._utf8_decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_utf8 = True
        self.size = 0

    @property
    def charset(self) -> str | None:
        """The charset of a text after `finish`, or None if it is unknown."""
        return "utf-8" if self._kind is FileType.TEXT and self._is_utf8 else None

    def feed(self, chunk: bytes) -> None:
        """Check the next chunk.

        Raises:
            FileTooLarge: The file exceeds `File.MAX_SIZE`.
            UnsupportedFileType: The content cannot have the expected type.
        """
        self.size += len(chunk)
        if self.size > File.MAX_SIZE:
            raise FileTooLarge(File.MAX_SIZE)
        if len(self._head) < _HEAD_SIZE:
            self._check_head(chunk)
        if self._kind is FileType.TEXT:
            self._check_text(chunk)
        elif self._missing_entries:
            window = self._tail + chunk
            self._missing_entries = {name for name in self._missing_entries if name not in window}
            self._tail = window[-self._overlap :]

    def finish(self) -> None:
        """Check the content as a whole, after the last chunk.

        Raises:
            EmptyFile: The file has no content.
            UnsupportedFileType: The content does not have the expected type.
        """
        if self.size == 0:
            raise EmptyFile
        if self._kind is FileType.TEXT:
            self._check_text(b"", is_last=True)
        elif not self._head.startswith(SIGNATURES[self._kind]) or self._missing_entries:
            raise self._mismatch_error()

    def _check_head(self, chunk: bytes) -> None:
        self._head = (self._head + chunk)[:_HEAD_SIZE]
        if self._kind is FileType.TEXT:
            if self._head.startswith(_ALL_SIGNATURES):
                raise self._mismatch_error()
        elif len(self._head) == _HEAD_SIZE and not self._head.startswith(SIGNATURES[self._kind]):
            raise self._mismatch_error()

    def _check_text(self, chunk: bytes, *, is_last: bool = False) -> None:
        if _CONTROL_CHARACTERS.search(chunk):
            raise self._mismatch_error()
        if self._is_utf8:
            try:
                self._utf8_decoder.decode(chunk, is_last)
            except UnicodeDecodeError:
                self._is_utf8 = False

    def _mismatch_error(self) -> UnsupportedFileType:
        return UnsupportedFileType(f"file content does not match its extension .{self._kind.extensions[0]}")
