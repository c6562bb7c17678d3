"""Responses with the content of a file. Browsers save it and never display it."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from application.files.files import ReadableFile
from domain.files.file import File
from entrypoints.http.api.files.disposition import content_disposition
from entrypoints.http.api.files.ranges import parse_range
from entrypoints.http.framework.preconditions import is_known


async def download(request: Request, content: ReadableFile) -> Response:
    """Return the content of a file, a range of it, or 304 if the client knows it already.

    Raises:
        FileNotFound: The file was deleted in the meantime.
        RangeNotSatisfiable: The range contains no byte of the file.
        InvalidPrecondition: If-None-Match is malformed.
    """
    file = content.metadata
    tag = f'"{file.sha256}"'
    if is_known(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    headers = {
        "Content-Type": _content_type(file),
        "Content-Disposition": content_disposition(file.filename),
        "Content-Security-Policy": "sandbox",
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(file.size)})
    byte_range = parse_range(request, file.size, tag)
    start, end = byte_range or (0, file.size)
    headers["Content-Length"] = str(end - start)
    if byte_range is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    status = HTTPStatus.OK if byte_range is None else HTTPStatus.PARTIAL_CONTENT
    return StreamingResponse(await content.read(start, end), int(status), headers)


def _content_type(file: File) -> str:
    return f"{file.content_type}; charset={file.charset}" if file.charset else file.content_type
