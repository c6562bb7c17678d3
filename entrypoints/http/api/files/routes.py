from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Request, Response

from application.platform.idempotency import IdempotentWrite
from domain.errors import (
    EmptyFile,
    FileNotFound,
    FileTooLarge,
    QuotaExceeded,
    TaskNotFound,
    UnsupportedFileType,
    UserNotFound,
)
from domain.files.file import File, FileType
from entrypoints.http.api.dependencies import App, CurrentActor, Idempotent
from entrypoints.http.api.files import examples
from entrypoints.http.api.files.downloads import download
from entrypoints.http.api.files.multipart import MalformedMultipart, Upload
from entrypoints.http.api.files.ranges import RangeNotSatisfiable
from entrypoints.http.api.files.schemas import FilePageView, FileView, ListFilesQuery
from entrypoints.http.api.paths import FileIdInPath
from entrypoints.http.framework.http_errors import UnsupportedMediaType
from entrypoints.http.framework.preconditions import PATTERN, InvalidPrecondition
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router
from entrypoints.http.openapi.headers import headers_named
from entrypoints.http.openapi.parameters import IF_CHANGED, header
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
                            "description": f"The file with its filename, at most {File.MAX_SIZE:,} bytes. "
                            f"It counts against the quota of the user in blocks of {File.BLOCK_SIZE:,} bytes.",
                        },
                        "task_id": {
                            "type": "string",
                            "format": "uuid",
                            "description": "The id of a task of the caller, if the file belongs to a task.",
                        },
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
        header("If-None-Match", IF_CHANGED, PATTERN),
        header("Range", "One range of bytes, such as `bytes=0-99`. Several ranges are ignored."),
        header(
            "If-Range", "The `ETag` of the content that the client has a part of. If it differs, `Range` is ignored."
        ),
    ]
}


@router.get("", errors=[UserNotFound], example=examples.LIST_FILES)
async def list_files(
    query: Annotated[ListFilesQuery, QueryParameters(ListFilesQuery)], actor: CurrentActor, app: App
) -> FilePageView:
    """List files.

    Returns the files of the caller, or of the user `owner_id`, newest first.

    Returns:
        A page of files.
    """
    return FilePageView.of(await app.files.list(actor, query.to_query(), owner_id=query.owner_id))


@router.post(
    "",
    status=HTTPStatus.CREATED,
    errors=[
        TaskNotFound,
        FileTooLarge,
        QuotaExceeded,
        UnsupportedFileType,
        UnsupportedMediaType,
        EmptyFile,
        MalformedMultipart,
    ],
    location="/api/v1/files/{id}",
    openapi_extra=UPLOAD,
    example=examples.UPLOAD_FILE,
)
async def upload_file(upload: Upload, actor: CurrentActor, app: App, idempotent: Idempotent) -> FileView:
    """Upload a file.

    Accepts text, PDF, PNG, JPEG, GIF and Word files (`txt`, `pdf`, `png`, `jpg`, `jpeg`, `gif`, `doc`, `docx`) of up to
    5 MiB whose content matches the extension. The file can belong to a task of the caller, and is deleted with it.

    Returns:
        The metadata of the new file.
    """

    def write(file: File) -> IdempotentWrite[File] | None:
        content = (file.sha256.encode(), file.filename.encode(), str(file.task_id).encode())
        return idempotent.with_content(*content).write(FileView.of)

    idempotent_write = None if idempotent.key is None else write
    return FileView.of(await app.files.upload(actor, upload, idempotent_write=idempotent_write))


@router.get("/{file_id}", errors=[FileNotFound, UserNotFound], example=examples.GET_FILE)
async def get_file(file_id: FileIdInPath, actor: CurrentActor, app: App, owner_id: OwnerId = None) -> FileView:
    """Get the metadata of a file.

    Returns what is known about a file of the caller, or of the user `owner_id`. Its content has a path of its own.

    Returns:
        The metadata of the file.
    """
    return FileView.of(await app.files.get(actor, file_id, owner_id=owner_id))


@router.get(
    "/{file_id}/content",
    response_class=Response,
    errors=[FileNotFound, UserNotFound, RangeNotSatisfiable, InvalidPrecondition],
    is_compressed=False,
    responses={
        HTTPStatus.OK: CONTENT,
        HTTPStatus.PARTIAL_CONTENT: {"description": "The requested range of the content.", **PARTIAL},
        HTTPStatus.NOT_MODIFIED: {
            "description": "The client has this content already.",
            "headers": headers_named(ETag="File-ETag"),
        },
    },
    openapi_extra=CONDITIONAL_HEADERS,
    example=examples.GET_FILE_CONTENT,
)
async def get_file_content(
    file_id: FileIdInPath, actor: CurrentActor, app: App, request: Request, owner_id: OwnerId = None
) -> Response:
    """Download a file.

    Returns the bytes that were uploaded, or the part that `Range` names. Browsers save the file and never display it.

    Returns:
        The whole content of the file.
    """
    return await download(request, await app.files.open(actor, file_id, owner_id=owner_id))


@router.delete("/{file_id}", status=HTTPStatus.NO_CONTENT, errors=[FileNotFound], example=examples.DELETE_FILE)
async def delete_file(file_id: FileIdInPath, actor: CurrentActor, app: App) -> None:
    """Delete a file.

    Deletes the metadata and the content. This cannot be undone.

    Returns:
        The file is deleted. The response has no body.
    """
    await app.files.delete(actor, file_id)
