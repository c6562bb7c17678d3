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
    owner_id: OwnerId | None = None

    def to_query(self) -> ListFiles:
        return ListFiles(filter=FileFilter(self.task_id), paging=self.to_paging())


@dataclass(slots=True)
class FileView:
    id: IdText
    task_id: IdText | None
    filename: str
    content_type: str
    size: int
    sha256: str
    created_at: datetime

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
    items: list[FileView]

    @classmethod
    def of(cls, page: Page[File]) -> Self:
        return cls.from_page(page, FileView.of)
