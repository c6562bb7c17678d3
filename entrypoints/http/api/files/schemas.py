from dataclasses import dataclass
from datetime import datetime
from typing import Self

from application.files.files import ListFiles
from application.platform.paging import Page
from domain.files.file import File, FileFilter
from entrypoints.http.schemas.fields import IdText, OwnerId, TaskIdText
from entrypoints.http.schemas.paging import PageQuery, PageView


class ListFilesQuery(PageQuery):
    task_id: TaskIdText | None = None
    """Returns only files of this task. For an unknown task the page is empty."""
    owner_id: OwnerId = None

    def to_query(self) -> ListFiles:
        return ListFiles(filter=FileFilter(self.task_id), paging=self.to_paging())


@dataclass(slots=True)
class FileView:
    """The metadata of an uploaded file. It never changes."""

    id: IdText
    """The id of the file."""
    task_id: IdText | None
    """The id of the task that the file belongs to, or null."""
    filename: str
    """The name of the file: the last path segment of the name in the upload, 1 to 255 characters."""
    content_type: str
    """The media type, which follows from extension and content."""
    size: int
    """The number of bytes."""
    sha256: str
    """The SHA-256 digest of the content, in hexadecimal."""
    created_at: datetime
    """When the file was uploaded."""

    @classmethod
    def of(cls, file: File) -> Self:
        return cls(
            id=str(file.id),
            task_id=str(file.task_id) if file.task_id else None,
            filename=file.filename,
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            created_at=file.created_at,
        )


@dataclass(slots=True)
class FilePageView(PageView):
    """A page of files."""

    items: list[FileView]
    """The files of this page, newest first."""

    @classmethod
    def of(cls, page: Page[File]) -> Self:
        return cls.from_page(page, FileView.of)
