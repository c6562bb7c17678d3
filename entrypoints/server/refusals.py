"""Responses of the server itself, to requests that the application never sees."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote
from uuid import uuid4

import structlog

from entrypoints.http.framework.context import Headers
from entrypoints.http.framework.errors import RETRY_AFTER_SECONDS, problem_document, quote_path
from entrypoints.http.framework.http_errors import MalformedJson
from entrypoints.http.middleware.response import NO_STORE, SECURITY_HEADERS, STRICT_CSP, find_request_id

MAX_PATH: Final = 2000
"""Bytes. A longer path is not repeated as the `instance` of a problem."""


class Refused(Exception):
    """The server does not pass this request to the application, and closes the connection."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, headers: Headers | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers or []


class InvalidRequest(Refused):
    """The bytes are no HTTP/1.1 request, or exceed its limits."""

    def __init__(self, detail: str = "the request is not valid HTTP") -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, MalformedJson.code, detail)


class Overloaded(Refused):
    """There are too many connections."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "SERVICE_UNAVAILABLE",
            "the service has too many connections; try again",
            [(b"retry-after", str(RETRY_AFTER_SECONDS).encode())],
        )


@dataclass(frozen=True, slots=True)
class Refusals:
    """Log refusals, and render them with the headers that every response of the application has."""

    new_id: Callable[[], object] = uuid4
    security_headers: Headers = field(default_factory=lambda: SECURITY_HEADERS)

    def respond(self, refused: Refused, request_headers: Headers, target: bytes, server_headers: Headers) -> bytes:
        """Return a response that closes the connection.

        Args:
            refused: The reason.
            request_headers: The headers of the request, as far as they are known, in lower case.
            target: The target of the request, as far as it is known.
            server_headers: Headers that the server adds to each response, such as `Date`.
        """
        correlation_id = str(self.new_id())
        request_id = find_request_id(request_headers) or correlation_id
        structlog.get_logger("server").info(
            "request refused",
            status=refused.status.value,
            reason=refused.detail,
            request_id=request_id,
            correlation_id=correlation_id,
        )
        body = problem_document(refused.status, refused.code, refused.detail, _instance(target), request_id).encode()
        headers = [
            *server_headers,
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *refused.headers,
            (b"x-request-id", request_id.encode()),
            *self.security_headers,
            NO_STORE,
            STRICT_CSP,
        ]
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (refused.status, refused.status.phrase.encode(), head, body)


def _instance(target: bytes) -> str:
    path = target.partition(b"?")[0]
    return quote_path(unquote(path)) if path.startswith(b"/") and len(path) <= MAX_PATH else "/"
