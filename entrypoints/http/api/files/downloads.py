"""The bytes of a file, all or a range of them, for saving and never for showing."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from application.files.files import FileService
from domain.files.file import File, FileType
from entrypoints.http.api.files.disposition import attachment
from entrypoints.http.api.files.ranges import range_in
from entrypoints.http.framework.preconditions import is_known


async def download(request: Request, file: File, files: FileService) -> Response:
    """Raises FileNotFound, RangeNotSatisfiable, InvalidPrecondition."""
    tag = f'"{file.sha256}"'
    if is_known(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    headers = {
        "Content-Type": _media_type(file),
        "Content-Disposition": attachment(file.filename),
        "Content-Security-Policy": "sandbox",
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(file.size)})
    wanted = range_in(request, file.size, tag)
    start, end = wanted or (0, file.size)
    headers["Content-Length"] = str(end - start)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    status = HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT
    return StreamingResponse(await files.read(file, start, end), int(status), headers)


def _media_type(file: File) -> str:
    """Text was taken only as UTF-8."""
    is_text = file.content_type == FileType.TEXT.media_type
    return f"{file.content_type}; charset=utf-8" if is_text else file.content_type
