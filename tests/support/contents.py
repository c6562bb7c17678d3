"""Minimal valid files of each type, and invalid ones."""

import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from domain.tasks.task import TaskId

PNG: Final = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)
JPEG: Final = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\xff\xd9"
GIF: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
PDF: Final = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016)
DOC: Final = OLE + "Root Entry".encode("utf-16-le") + bytes(108) + "WordDocument".encode("utf-16-le") + bytes(500)
XLS: Final = OLE + "Workbook".encode("utf-16-le") + bytes(500)
TEXT: Final = "Gr\u00fc\u00dfe,\n\t1 < 2 \U0001f600\n".encode()
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML: Final = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
EXE: Final = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(100)


def zip_of(*names: str) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<xml/>" * 100)
    return whole.getvalue()


DOCX: Final = zip_of("[Content_Types].xml", "_rels/.rels", "word/document.xml")
XLSX: Final = zip_of("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml")

GOOD: Final = {
    "notes.txt": TEXT,
    "NOTES.TXT": TEXT,
    "plan.pdf": PDF,
    "plant.png": PNG,
    "plant.jpg": JPEG,
    "plant.JPeG": JPEG,
    "plant.gif": GIF,
    "letter.doc": DOC,
    "letter.docx": DOCX,
}
TYPES: Final = {
    "txt": "text/plain",
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
BAD: Final = [
    *[(f"x.{extension}", content) for extension in TYPES for content in (EXE, XLS, XLSX)],
    *[(f"x.{extension}", content) for extension in TYPES if extension != "txt" for content in (SVG, HTML)],
    *[(f"x.{extension}", TEXT) for extension in TYPES if extension != "txt"],
    *[("x.txt", content) for content in (PNG, JPEG, GIF, PDF, DOC, DOCX)],
    *[("x.png", content) for content in (JPEG, GIF, PDF, DOC, DOCX, PNG[:7], b"\n" + PNG)],
    ("x.jpg", PNG),
    ("x.gif", b"GIF88a" + GIF[6:]),
    ("x.pdf", b" " + PDF),
    ("x.doc", DOCX),
    ("x.docx", DOC),
    ("x.docx", zip_of("word/document.xml")),
    ("x.docx", zip_of("[Content_Types].xml")),
    ("x.txt", "x".encode("utf-16")),
    ("x.txt", b"a\x00b"),
    ("x.txt", b"a\x1bb\x07"),
]


@dataclass
class Sent:
    """An incoming file. `belongs_to` becomes its `task_id` only after the last chunk."""

    filename: str = "notes.txt"
    content: bytes = TEXT
    belongs_to: TaskId | None = None
    error: BaseException | None = None
    task_id: TaskId | None = None
    is_read: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        self.is_read = True
        for start in range(0, len(self.content), 65_536):
            yield self.content[start : start + 65_536]
        if self.error is not None:
            raise self.error
        self.task_id = self.belongs_to or self.task_id
