"""Whether bytes are what the name of their file says, told while they pass by."""

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
"""How it begins (https://mimesniff.spec.whatwg.org/), and for documents the container's: OLE and ZIP."""

INSIDE: Final = {
    FileType.DOC: ("WordDocument".encode("utf-16-le"),),
    FileType.DOCX: (b"[Content_Types].xml", b"word/document.xml"),
}
"""What such a container holds if it is Word's: the names of its parts, which are not compressed."""

_MARKUP: Final = re.compile(
    rb"<(\?xml|!--|(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg)[\s/>])"
    rb"|%PDF-|%!PS-Adobe-|GIF8[79]a|\{\\rtf",
    re.IGNORECASE,
)
"""What programs take for something else than plain text, by the same standard; and SVG, and RTF."""

_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BLANK: Final = b"\t\n\x0c\r "
_HEAD: Final = 64


class ContentCheck:
    """Give it all bytes in their order, then `finish`. It keeps no more of them than a name's length.

    Raises UnsupportedFileType, FileTooLarge and EmptyFile, each as soon as it is certain.
    """

    def __init__(self, kind: FileType) -> None:
        self._kind = kind
        self._head = b""
        self._tail = b""
        self._missing = set(INSIDE.get(kind, ()))
        self._overlap = max(map(len, self._missing), default=1) - 1
        self._text = codecs.getincrementaldecoder("utf-8")()
        self.size = 0

    def feed(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > File.MAX_SIZE:
            raise FileTooLarge(File.MAX_SIZE)
        if len(self._head) < _HEAD:
            self._look_at_head(chunk)
        if self._kind is FileType.TEXT:
            self._require_text(chunk)
        elif self._missing:
            window = self._tail + chunk
            self._missing = {name for name in self._missing if name not in window}
            self._tail = window[-self._overlap :]

    def finish(self) -> None:
        if self.size == 0:
            raise EmptyFile
        if self._kind is FileType.TEXT:
            self._require_text(b"", is_last=True)
        elif not self._head.startswith(SIGNATURES[self._kind]) or self._missing:
            raise self._mismatch()

    def _look_at_head(self, chunk: bytes) -> None:
        self._head += chunk
        if self._kind is FileType.TEXT:
            self._head = self._head.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
        self._head = self._head[:_HEAD]
        if self._kind is FileType.TEXT:
            if _MARKUP.match(self._head):
                raise self._mismatch()
        elif len(self._head) >= 8 and not self._head.startswith(SIGNATURES[self._kind]):
            raise self._mismatch()

    def _require_text(self, chunk: bytes, *, is_last: bool = False) -> None:
        try:
            self._text.decode(chunk, is_last)
        except UnicodeDecodeError:
            raise self._mismatch() from None
        if _CONTROL.search(chunk):
            raise self._mismatch()

    def _mismatch(self) -> UnsupportedFileType:
        return UnsupportedFileType(f"the content is not that of a {self._kind.extensions[0]} file")
