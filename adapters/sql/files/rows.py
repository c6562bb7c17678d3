from collections.abc import Sequence
from typing import Any

from adapters.sql.schema.files import files
from domain.files.file import File

FILE_COLUMNS = (
    files.c.id,
    files.c.owner_id,
    files.c.task_id,
    files.c.filename,
    files.c.content_type,
    files.c.charset,
    files.c.size,
    files.c.sha256,
    files.c.created_at,
)


def file_to_row(file: File) -> dict[str, Any]:
    return {
        "id": file.id,
        "owner_id": file.owner_id,
        "task_id": file.task_id,
        "filename": file.filename,
        "content_type": file.content_type,
        "charset": file.charset,
        "size": file.size,
        "sha256": bytes.fromhex(file.sha256),
        "created_at": file.created_at,
    }


def file_from_row(row: Sequence[Any]) -> File:
    id, owner_id, task_id, filename, content_type, charset, size, sha256, created_at = row
    return File(
        id=id,
        owner_id=owner_id,
        task_id=task_id,
        filename=filename,
        content_type=content_type,
        charset=charset,
        size=size,
        sha256=sha256.hex(),
        created_at=created_at,
    )
