import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar, Final, NewType
from uuid import UUID

from domain.calendar import FIRST_MICROSECOND, LAST_MICROSECOND, microseconds
from domain.errors import InvalidFilename, QuotaExceeded, UnsupportedFileType
from domain.identity.user import UserId
from domain.tasks.task import TaskId
from domain.text import is_blank, is_storable

FileId = NewType("FileId", UUID)

_UNWANTED: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Controls, and what turns the direction of text, so that a name reads as something it is not."""


class FileType(Enum):
    """What is kept, by the ends a name may have, and its media type."""

    TEXT = ("text/plain", "txt")
    PDF = ("application/pdf", "pdf")
    PNG = ("image/png", "png")
    JPEG = ("image/jpeg", "jpg", "jpeg")
    GIF = ("image/gif", "gif")
    DOC = ("application/msword", "doc")
    DOCX = ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx")

    def __init__(self, media_type: str, *extensions: str) -> None:
        self.media_type = media_type
        self.extensions = extensions

    @classmethod
    def of(cls, filename: str) -> "FileType":
        """Raises UnsupportedFileType."""
        stem, _, extension = filename.rpartition(".")
        for kind in cls:
            if stem and extension.lower() in kind.extensions:
                return kind
        raise UnsupportedFileType(f"a file is one of {', '.join(e for kind in cls for e in kind.extensions)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What is told about bytes that lie elsewhere. It never changes."""

    MAX_SIZE: ClassVar = 5 * 1024 * 1024
    MAX_FILENAME: ClassVar = 255

    id: FileId
    owner_id: UserId
    task_id: TaskId | None
    filename: str
    content_type: str
    size: int
    sha256: str
    """Of the bytes, in hexadecimal."""
    created_at: datetime


def valid_filename(text: str) -> str:
    """The last segment of a path, `/` and `\\` both separating, without control and bidi characters.

    Raises InvalidFilename if nothing visible is left, or too much.
    """
    name = _UNWANTED.sub("", re.split(r"[/\\]", text)[-1]).strip()
    if len(name) > File.MAX_FILENAME or is_blank(name) or name in {".", ".."} or not is_storable(name):
        raise InvalidFilename(f"a filename has 1 to {File.MAX_FILENAME} characters")
    return name


def require_room(used: int, size: int, quota: int) -> None:
    """Raises QuotaExceeded if `size` bytes more than those used are more than the owner may have."""
    if used + size > quota:
        raise QuotaExceeded(quota)


@dataclass(frozen=True, slots=True)
class FileFilter:
    """`task_id`: of one task, also where there is none such."""

    task_id: TaskId | None = None

    def match(self, file: File) -> bool:
        return self.task_id is None or file.task_id == self.task_id


@dataclass(frozen=True, slots=True)
class NewestFirst:
    """Ties are broken by id, the greatest first."""

    descending: ClassVar = True

    def key(self, file: File) -> int:
        """Microseconds."""
        return microseconds(file.created_at)

    def valid_key(self, key: object) -> int:
        """A key that came from outside. Raises ValueError if no file could have it."""
        if type(key) is not int or not FIRST_MICROSECOND <= key <= LAST_MICROSECOND:
            raise ValueError("no file has such a sort key")
        return key
