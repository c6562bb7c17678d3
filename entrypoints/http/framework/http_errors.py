"""Errors in the HTTP request itself, found before a use case runs."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from starlette.exceptions import HTTPException


class HttpError(HTTPException):
    """An error in the HTTP request itself, found before a use case runs."""

    status: ClassVar[int]
    code: ClassVar[str]

    def __init_subclass__(cls, *, status: int, code: str) -> None:
        cls.status, cls.code = status, code

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(self.status, detail, headers)


class MalformedJson(HttpError, status=HTTPStatus.BAD_REQUEST, code="MALFORMED_JSON"):
    """The body is not valid JSON."""


class NotAuthenticated(HttpError, status=HTTPStatus.UNAUTHORIZED, code="NOT_AUTHENTICATED"):
    """The request has no usable credentials."""


class PayloadTooLarge(HttpError, status=413, code="PAYLOAD_TOO_LARGE"):
    """The body is too large. The rest of it is not read, so the connection must be closed."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"Connection": "close"})


class UnsupportedMediaType(HttpError, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, code="UNSUPPORTED_MEDIA_TYPE"):
    """The body has another media type or a content coding."""


class InvalidHost(HttpError, status=HTTPStatus.BAD_REQUEST, code="INVALID_HOST"):
    """The Host field is missing, repeated or not trusted."""


class InvalidIdempotencyKey(HttpError, status=HTTPStatus.BAD_REQUEST, code="INVALID_IDEMPOTENCY_KEY"):
    """The Idempotency-Key field is malformed or repeated."""


class CsrfFailed(HttpError, status=HTTPStatus.FORBIDDEN, code="CSRF_FAILED"):
    """A request with cookies comes from another origin."""
