"""`multipart/form-data` (RFC 7578) with one file in it, looked at as it comes and never kept."""

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
from entrypoints.http.framework.errors import HttpError, PayloadTooLarge
from entrypoints.http.framework.strict_request import MULTIPART, StrictRequest
from entrypoints.http.schemas.fields import uuid_of

MAX_ENVELOPE: Final = 64 * 1024
"""Bytes around the file: boundaries, headers, the other field."""
MAX_BODY: Final = File.MAX_SIZE + MAX_ENVELOPE

_MAX_FIELD: Final = 100


class MalformedMultipart(HttpError):
    status = HTTPStatus.BAD_REQUEST
    code = "MALFORMED_MULTIPART"


class Part:
    """The begin of one: its name, and the name of the file in it, if that is what it is."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        dispositions = [value for name, value in headers if name.lower() == b"content-disposition"]
        kind, options = parse_options_header(dispositions[0].decode("latin-1") if len(dispositions) == 1 else None)
        if kind != b"form-data" or b"name" not in options:
            raise MalformedMultipart("each part is to be named by one Content-Disposition: form-data")
        self.name = options[b"name"].decode(errors="replace")
        filename = options.get(b"filename")
        self.filename = None if filename is None else filename.decode(errors="surrogateescape")


class End(Enum):
    OF_PART = "of part"


Event = Part | bytes | End


class Parser:
    """What pieces of a body mean, in the order of what they tell."""

    def __init__(self, boundary: bytes) -> None:
        self._events: list[Event] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self._name, self._value = b"", b""
        self.is_complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._take_name,
                "on_header_value": self._take_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": lambda data, start, end: self._events.append(data[start:end]),
                "on_part_end": lambda: self._events.append(End.OF_PART),
                "on_end": self._end,
            },
        )

    def feed(self, piece: bytes) -> list[Event]:
        """Raises MalformedMultipart."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise MalformedMultipart("the body is not multipart/form-data as RFC 7578 has it") from None
        events, self._events = self._events, []
        return events

    def _begin_part(self) -> None:
        self._headers = []

    def _take_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers.append((self._name, self._value))
        self._name, self._value = b"", b""

    def _end_headers(self) -> None:
        self._events.append(Part(self._headers))

    def _end(self) -> None:
        self.is_complete = True


class MultipartUpload:
    """The part `file`, and before or after it the field `task_id`, if there is one.

    Raises MalformedMultipart, PayloadTooLarge, RequestValidationError for other, repeated or missing parts.
    """

    def __init__(self, request: Request, parser: Parser) -> None:
        self._events = _events(request, parser)
        self._seen: list[str] = []
        self._field = b""
        self.filename = ""
        self.task_id: TaskId | None = None

    @classmethod
    async def begin(cls, request: Request) -> Self:
        """Up to the first byte of the file."""
        strict = cast(StrictRequest, request)
        if not strict.has_body:
            raise _refused("file", "this field is required", "missing")
        strict.require(MULTIPART)
        strict.require_size(MAX_BODY)
        _, options = parse_options_header(request.headers["content-type"])
        upload = cls(request, _parser(options.get(b"boundary", b"")))
        async for event in upload._events:
            upload._take(event)
            if upload._is_in_file:
                return upload
        raise _refused("file", "this field is required", "missing")

    async def chunks(self) -> AsyncIterator[bytes]:
        async for event in self._events:
            if content := self._take(event):
                yield content

    @property
    def _is_in_file(self) -> bool:
        return self._seen[-1:] == ["file"]

    def _take(self, event: Event) -> bytes:
        """What is the file's of it."""
        match event:
            case Part():
                self._enter(event)
            case bytes() if self._is_in_file:
                return event
            case bytes():
                self._field += event
                if len(self._field) > _MAX_FIELD:
                    raise _refused("task_id", "an id is a UUID", "invalid")
            case End.OF_PART if not self._is_in_file:
                self.task_id = _task_id(self._field)
        return b""

    def _enter(self, part: Part) -> None:
        if part.name not in ("file", "task_id"):
            raise _refused(part.name, "there is no such field here", "extra_forbidden")
        if part.name in self._seen:
            raise _refused(part.name, "this field is given once", "repeated")
        if (part.filename is not None) != (part.name == "file"):
            raise _refused(part.name, "the field file has a filename, and no other has", "invalid")
        self._seen.append(part.name)
        self.filename = part.filename or self.filename


async def _events(request: Request, parser: Parser) -> AsyncIterator[Event]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY:
            raise PayloadTooLarge(f"an upload has at most {MAX_BODY} bytes")
        for event in parser.feed(piece):
            yield event
    if not parser.is_complete:
        raise MalformedMultipart("the body ends before its last boundary")


def _parser(boundary: bytes) -> Parser:
    try:
        if boundary:
            return Parser(boundary)
    except FormParserError:
        pass
    raise MalformedMultipart("the media type is to name a boundary of at most 70 characters")


def _task_id(field: bytes) -> TaskId:
    try:
        return TaskId(uuid_of(field.decode()))
    except ValueError:
        raise _refused("task_id", "an id is a UUID", "invalid") from None


def _refused(name: str, message: str, kind: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", name), "msg": message, "type": kind}])


Upload = Annotated[MultipartUpload, Depends(MultipartUpload.begin)]
