import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar, NewType
from uuid import UUID

from domain.calendar import is_microseconds, microseconds
from domain.errors import InvalidValue, QuotaExceeded, UnsupportedFileType
from domain.identity.user import UserId
from domain.tasks.task import TaskId
from domain.text import is_blank, is_storable, remove_controls

FileId = NewType("FileId", UUID)


class FileType(Enum):
    """An accepted type of file: its media type and its filename extensions."""

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
        """Return the file type that belongs to the extension of a filename.

        Raises:
            UnsupportedFileType: The filename has another extension or none.
        """
        stem, _, extension = filename.rpartition(".")
        for kind in cls:
            if stem and extension.lower() in kind.extensions:
                return kind
        raise UnsupportedFileType(
            f"file extension must be one of {', '.join(e for kind in cls for e in kind.extensions)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The metadata of an uploaded file. It never changes; a file store holds the content."""

    MAX_SIZE: ClassVar = 5 * 1024 * 1024
    BLOCK_SIZE: ClassVar = 4096
    """Bytes. The quota counts whole blocks, as file systems do, so that it also limits the number of files."""
    MAX_FILENAME: ClassVar = 255

    id: FileId
    owner_id: UserId
    task_id: TaskId | None
    filename: str
    content_type: str
    charset: str | None
    """The charset of a text. None if it is unknown or the file is no text."""
    size: int
    sha256: str
    """Hexadecimal digest of the content."""
    created_at: datetime


def clean_filename(text: str) -> str:
    """Return the last segment of a path, without control characters and bidi controls, which disguise an extension.

    Slashes and backslashes separate segments.

    Raises:
        InvalidValue: The name has no visible character or is too long.
    """
    name = remove_controls(re.split(r"[/\\]", text)[-1]).strip()
    if len(name) > File.MAX_FILENAME or is_blank(name) or name in {".", ".."} or not is_storable(name):
        raise InvalidValue("file", "invalid_filename", f"filename must have 1 to {File.MAX_FILENAME} characters")
    return name


def whole_blocks(size: int) -> int:
    """Return the bytes of the blocks that a file of this size takes."""
    return -(-size // File.BLOCK_SIZE) * File.BLOCK_SIZE


def require_quota(used: int, size: int, quota: int) -> None:
    """Check that a file fits into the quota.

    Args:
        used: Bytes of the blocks that the files of the owner take so far.
        size: The size of the file.
        quota: Maximum bytes of all blocks.

    Raises:
        QuotaExceeded: The file does not fit.
    """
    if used + whole_blocks(size) > quota:
        raise QuotaExceeded(quota, File.BLOCK_SIZE)


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Select all files, or the files of one task."""

    task_id: TaskId | None = None
    """The task need not exist: no file matches then."""

    @property
    def signature(self) -> dict[str, object]:
        """The conditions under stable names; cursors contain them, see `Signed`."""
        return {"task_id": self.task_id}

    def match(self, file: File) -> bool:
        """Return whether a file meets the conditions."""
        return self.task_id is None or file.task_id == self.task_id


@dataclass(frozen=True, slots=True)
class NewestFirst:
    """Sort files by creation time, newest first, then by id in descending order."""

    descending: ClassVar = True

    @property
    def signature(self) -> dict[str, object]:
        """The sort order under stable names; cursors contain it, see `Signed`."""
        return {}

    def key(self, file: File) -> int:
        """Return the creation time of a file in microseconds."""
        return microseconds(file.created_at)

    def validate_key(self, key: object) -> int:
        """Return a sort key that a client sent.

        Raises:
            ValueError: No file can have this sort key.
        """
        if not is_microseconds(key):
            raise ValueError("no file can have this sort key")
        return key
