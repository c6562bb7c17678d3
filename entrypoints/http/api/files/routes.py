from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Request, Response

from application.platform.idempotency import IdempotentWrite
from domain.errors import EmptyFile, FileNotFound, FileTooLarge, TaskNotFound, UnsupportedFileType, UserNotFound
from domain.files.file import File, FileType
from entrypoints.http.api.dependencies import App, CurrentActor, Idempotent
from entrypoints.http.api.files.downloads import download
from entrypoints.http.api.files.multipart import Upload
from entrypoints.http.api.files.ranges import RangeNotSatisfiable
from entrypoints.http.api.files.schemas import FilePageView, FileView, ListFilesQuery
from entrypoints.http.api.paths import FileIdInPath
from entrypoints.http.framework.preconditions import PATTERN
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router
from entrypoints.http.openapi.headers import headers_named
from entrypoints.http.schemas.fields import OwnerId

router = Router("/api/v1/files", tag="files")

UPLOAD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": f"A file with a filename, at most {File.MAX_SIZE} bytes. "
                            f"It counts against the quota of the user in blocks of {File.BLOCK_SIZE} bytes.",
                        },
                        "task_id": {"type": "string", "format": "uuid"},
                    },
                    "required": ["file"],
                    "additionalProperties": False,
                }
            }
        },
    }
}

CONTENT: Final[dict[str, Any]] = {
    "content": {kind.media_type: {} for kind in FileType},
    "headers": headers_named("Accept-Ranges", "Content-Disposition", ETag="File-ETag"),
}
PARTIAL: Final[dict[str, Any]] = {**CONTENT, "headers": {**CONTENT["headers"], **headers_named("Content-Range")}}
"""Responses of `GET …/content`."""
CONDITIONAL_HEADERS: Final[dict[str, Any]] = {
    "parameters": [
        {"name": "If-None-Match", "in": "header", "schema": {"type": "string", "pattern": PATTERN}},
        {
            "name": "Range",
            "in": "header",
            "description": "One range, such as bytes=0-99.",
            "schema": {"type": "string"},
        },
        {"name": "If-Range", "in": "header", "description": "An entity tag.", "schema": {"type": "string"}},
    ]
}


@router.get("", errors=[UserNotFound])
async def list_files(
    query: Annotated[ListFilesQuery, QueryParameters(ListFilesQuery)], actor: CurrentActor, app: App
) -> FilePageView:
    return FilePageView.of(await app.files.list(actor, query.to_query(), owner_id=query.owner_id))


@router.post(
    "",
    status=HTTPStatus.CREATED,
    errors=[TaskNotFound, FileTooLarge, UnsupportedFileType, EmptyFile],
    location="/api/v1/files/{id}",
    openapi_extra=UPLOAD,
)
async def upload_file(upload: Upload, actor: CurrentActor, app: App, idempotent: Idempotent) -> FileView:
    def write(file: File) -> IdempotentWrite[File] | None:
        content = (file.sha256.encode(), file.filename.encode(), str(file.task_id).encode())
        return idempotent.with_content(*content).write(FileView.of)

    idempotent_write = None if idempotent.key is None else write
    return FileView.of(await app.files.upload(actor, upload, idempotent_write=idempotent_write))


@router.get("/{file_id}", errors=[FileNotFound, UserNotFound])
async def get_file(file_id: FileIdInPath, actor: CurrentActor, app: App, owner_id: OwnerId | None = None) -> FileView:
    return FileView.of(await app.files.get(actor, file_id, owner_id=owner_id))


@router.get(
    "/{file_id}/content",
    response_class=Response,
    errors=[FileNotFound, UserNotFound, RangeNotSatisfiable],
    is_compressed=False,
    responses={
        HTTPStatus.OK: {"description": "The whole content", **CONTENT},
        HTTPStatus.PARTIAL_CONTENT: {"description": "The requested range", **PARTIAL},
        HTTPStatus.NOT_MODIFIED: {"description": "Not Modified", "headers": headers_named(ETag="File-ETag")},
    },
    openapi_extra=CONDITIONAL_HEADERS,
)
async def get_file_content(
    file_id: FileIdInPath, actor: CurrentActor, app: App, request: Request, owner_id: OwnerId | None = None
) -> Response:
    return await download(request, await app.files.open(actor, file_id, owner_id=owner_id))


@router.delete("/{file_id}", status=HTTPStatus.NO_CONTENT, errors=[FileNotFound])
async def delete_file(file_id: FileIdInPath, actor: CurrentActor, app: App) -> None:
    await app.files.delete(actor, file_id)
