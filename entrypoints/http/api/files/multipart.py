"""Parse `multipart/form-data` (RFC 7578) with one file incrementally, without buffering the file."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final, Self, cast

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header
from starlette.requests import Request

from domain.files.file import File
from domain.tasks.task import TaskId
from entrypoints.http.framework.bodies.strict_request import MULTIPART, StrictRequest
from entrypoints.http.framework.http_errors import HttpError, PayloadTooLarge
from entrypoints.http.schemas.fields import parse_uuid
from entrypoints.http.schemas.messages import unknown_name

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_OVERHEAD: Final = 64 * 1024
"""Bytes in addition to the file: boundaries, headers and the field `task_id`."""
MAX_BODY: Final = File.MAX_SIZE + MAX_OVERHEAD

_FIELDS: Final = ("file", "task_id")
_MAX_FIELD: Final = 100


class MalformedMultipart(HttpError, status=HTTPStatus.BAD_REQUEST, code="MALFORMED_MULTIPART"):
    """The body is not valid `multipart/form-data` (RFC 7578)."""


class MultipartUpload:
    """An `IncomingFile` in a multipart body: the part `file`, and optionally the field `task_id` before or after it.

    Raises:
        MalformedMultipart: The body violates RFC 7578.
        PayloadTooLarge: The body exceeds MAX_BODY.
        RequestValidationError: A part is missing, unknown or repeated, or its value is invalid.
    """

    def __init__(self, request: Request) -> None:
        self.filename = ""
        self.task_id: TaskId | None = None
        self._headers: list[list[bytes]] = []
        self._part_names: list[str] = []
        self._task_id_value = b""
        self._file_pieces: list[bytes] = []
        self._parsed_chunks = self._parse(request, self._create_parser(request.headers["content-type"]))

    @classmethod
    async def begin(cls, request: Request) -> Self:
        """Read the body up to the start of the file."""
        strict = cast(StrictRequest, request)
        if strict.has_body:
            strict.require(MULTIPART)
            strict.require_size(MAX_BODY)
            upload = cls(request)
            async for _ in upload._parsed_chunks:
                if "file" in upload._part_names:
                    return upload
        raise _validation_error("file", "file is required", "missing")

    async def chunks(self) -> AsyncIterator[bytes]:
        async with aclosing(self._parsed_chunks):
            for piece in self._file_pieces:
                yield piece
            async for _ in self._parsed_chunks:
                for piece in self._file_pieces:
                    yield piece

    async def _parse(self, request: Request, parser: MultipartParser) -> AsyncGenerator[None]:
        """Parse the body. Yield after each chunk: `_file_pieces` then contains the bytes of the file in this chunk.

        Only this generator refers to the parser, which refers to this object, so its end also ends the cycle.
        """
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BODY:
                raise PayloadTooLarge(f"an upload must have at most {MAX_BODY} bytes")
            self._file_pieces = []
            try:
                parser.write(chunk)
            except FormParserError:
                raise MalformedMultipart("the body is not valid multipart/form-data (RFC 7578)") from None
            yield
        if parser.state is not MultipartState.END:
            raise MalformedMultipart("the body ends before its final boundary")

    def _create_parser(self, content_type: str) -> MultipartParser:
        _, options = parse_options_header(content_type)
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._headers.clear,
            "on_header_begin": lambda: self._headers.append([b"", b""]),
            "on_header_field": self._append_header_name,
            "on_header_value": self._append_header_value,
            "on_headers_finished": self._start_part,
            "on_part_data": self._append_content,
            "on_part_end": self._end_part,
        }
        try:
            if boundary := options.get(b"boundary"):
                return MultipartParser(boundary, callbacks)
        except FormParserError:
            pass
        raise MalformedMultipart("Content-Type must have a boundary of at most 70 characters")

    def _append_header_name(self, data: bytes, start: int, end: int) -> None:
        self._headers[-1][0] += data[start:end]

    def _append_header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers[-1][1] += data[start:end]

    def _start_part(self) -> None:
        name, filename = _parse_disposition(self._headers)
        if name not in _FIELDS:
            raise _validation_error(name, unknown_name("field", name, _FIELDS), "extra_forbidden")
        if name in self._part_names:
            raise _validation_error(name, "this field must be given only once", "repeated")
        if (filename is not None) != (name == "file"):
            raise _validation_error(name, "the field file must have a filename, and other fields must not", "invalid")
        self._part_names.append(name)
        self.filename = filename or self.filename

    def _append_content(self, data: bytes, start: int, end: int) -> None:
        if self._part_names[-1] == "file":
            self._file_pieces.append(data[start:end])
            return
        self._task_id_value += data[start:end]
        if len(self._task_id_value) > _MAX_FIELD:
            raise _validation_error("task_id", "id must be a UUID", "invalid")

    def _end_part(self) -> None:
        if self._part_names[-1] == "task_id":
            self.task_id = _parse_task_id(self._task_id_value)


def _parse_disposition(headers: list[list[bytes]]) -> tuple[str, str | None]:
    """Return the name of a part, and its filename if it is a file."""
    dispositions = [value for name, value in headers if name.lower() == b"content-disposition"]
    kind, options = parse_options_header(dispositions[0].decode("latin-1") if len(dispositions) == 1 else None)
    if kind != b"form-data" or b"name" not in options:
        raise MalformedMultipart("each part must have one Content-Disposition header: form-data with a name")
    filename = options.get(b"filename")
    return (
        options[b"name"].decode(errors="replace"),
        None if filename is None else filename.decode(errors="surrogateescape"),
    )


def _parse_task_id(value: bytes) -> TaskId:
    try:
        return TaskId(parse_uuid(value.decode()))
    except ValueError:
        raise _validation_error("task_id", "id must be a UUID", "invalid") from None


def _validation_error(name: str, message: str, kind: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", name), "msg": message, "type": kind}])


Upload = Annotated[MultipartUpload, Depends(MultipartUpload.begin)]
