"""Parse `multipart/form-data` (RFC 7578) with one file incrementally, without buffering the file."""

from collections.abc import AsyncIterator
from enum import Enum
from http import HTTPStatus
from typing import Annotated, Final, Self, cast

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from domain.files.file import File
from domain.tasks.task import TaskId
from entrypoints.http.framework.http_errors import HttpError, PayloadTooLarge
from entrypoints.http.framework.strict_request import MULTIPART, StrictRequest
from entrypoints.http.schemas.fields import parse_uuid

MAX_OVERHEAD: Final = 64 * 1024
"""Bytes in addition to the file: boundaries, headers and the field `task_id`."""
MAX_BODY: Final = File.MAX_SIZE + MAX_OVERHEAD

_MAX_FIELD: Final = 100


class MalformedMultipart(HttpError):
    status = HTTPStatus.BAD_REQUEST
    code = "MALFORMED_MULTIPART"


class Part:
    """The headers of a part: its name, and a filename if the part is a file."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        dispositions = [value for name, value in headers if name.lower() == b"content-disposition"]
        kind, options = parse_options_header(dispositions[0].decode("latin-1") if len(dispositions) == 1 else None)
        if kind != b"form-data" or b"name" not in options:
            raise MalformedMultipart("each part must have one Content-Disposition header: form-data with a name")
        self.name = options[b"name"].decode(errors="replace")
        filename = options.get(b"filename")
        self.filename = None if filename is None else filename.decode(errors="surrogateescape")


class End(Enum):
    OF_PART = "of part"


Event = Part | bytes | End


class MultipartEventParser:
    """Turn chunks of a body into events: the start of a part, its content, and its end."""

    def __init__(self, boundary: bytes) -> None:
        self._events: list[Event] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self._name, self._value = b"", b""
        self.is_complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._append_header_name,
                "on_header_value": self._append_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": lambda data, start, end: self._events.append(data[start:end]),
                "on_part_end": lambda: self._events.append(End.OF_PART),
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> list[Event]:
        """Parse the next chunk and return the events in it.

        Raises:
            MalformedMultipart: The body violates RFC 7578.
        """
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise MalformedMultipart("the body is not valid multipart/form-data (RFC 7578)") from None
        events, self._events = self._events, []
        return events

    def _begin_part(self) -> None:
        self._headers = []

    def _append_header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _append_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers.append((self._name, self._value))
        self._name, self._value = b"", b""

    def _end_headers(self) -> None:
        self._events.append(Part(self._headers))

    def _end(self) -> None:
        self.is_complete = True


class MultipartUpload:
    """An `IncomingFile` in a multipart body: the part `file`, and optionally the field `task_id` before or after it.

    Raises:
        MalformedMultipart: The body violates RFC 7578.
        PayloadTooLarge: The body exceeds MAX_BODY.
        RequestValidationError: A part is missing, unknown or repeated, or its value is invalid.
    """

    def __init__(self, request: Request, parser: MultipartEventParser) -> None:
        self._events = _events(request, parser)
        self._part_names: list[str] = []
        self._task_id_value = b""
        self.filename = ""
        self.task_id: TaskId | None = None

    @classmethod
    async def begin(cls, request: Request) -> Self:
        """Read the body up to the start of the file."""
        strict = cast(StrictRequest, request)
        if not strict.has_body:
            raise _validation_error("file", "this field is required", "missing")
        strict.require(MULTIPART)
        strict.require_size(MAX_BODY)
        _, options = parse_options_header(request.headers["content-type"])
        upload = cls(request, _create_parser(options.get(b"boundary", b"")))
        async for event in upload._events:
            upload._process(event)
            if upload._is_in_file_part:
                return upload
        raise _validation_error("file", "this field is required", "missing")

    async def chunks(self) -> AsyncIterator[bytes]:
        async for event in self._events:
            if content := self._process(event):
                yield content

    @property
    def _is_in_file_part(self) -> bool:
        return self._part_names[-1:] == ["file"]

    def _process(self, event: Event) -> bytes:
        """Process an event. Return its content if it belongs to the file, otherwise nothing."""
        match event:
            case Part():
                self._start_part(event)
            case bytes() if self._is_in_file_part:
                return event
            case bytes():
                self._task_id_value += event
                if len(self._task_id_value) > _MAX_FIELD:
                    raise _validation_error("task_id", "id must be a UUID", "invalid")
            case End.OF_PART if not self._is_in_file_part:
                self.task_id = _parse_task_id(self._task_id_value)
        return b""

    def _start_part(self, part: Part) -> None:
        if part.name not in ("file", "task_id"):
            raise _validation_error(part.name, "unknown field", "extra_forbidden")
        if part.name in self._part_names:
            raise _validation_error(part.name, "this field must be given only once", "repeated")
        if (part.filename is not None) != (part.name == "file"):
            raise _validation_error(
                part.name, "the field file must have a filename, and other fields must not", "invalid"
            )
        self._part_names.append(part.name)
        self.filename = part.filename or self.filename


async def _events(request: Request, parser: MultipartEventParser) -> AsyncIterator[Event]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise PayloadTooLarge(f"an upload must have at most {MAX_BODY} bytes")
        for event in parser.feed(chunk):
            yield event
    if not parser.is_complete:
        raise MalformedMultipart("the body ends before its final boundary")


def _create_parser(boundary: bytes) -> MultipartEventParser:
    try:
        if boundary:
            return MultipartEventParser(boundary)
    except FormParserError:
        pass
    raise MalformedMultipart("Content-Type must have a boundary of at most 70 characters")


def _parse_task_id(value: bytes) -> TaskId:
    try:
        return TaskId(parse_uuid(value.decode()))
    except ValueError:
        raise _validation_error("task_id", "id must be a UUID", "invalid") from None


def _validation_error(name: str, message: str, kind: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", name), "msg": message, "type": kind}])


Upload = Annotated[MultipartUpload, Depends(MultipartUpload.begin)]
