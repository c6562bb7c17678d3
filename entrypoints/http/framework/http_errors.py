"""Errors in the HTTP request itself, found before a use case runs."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from starlette.exceptions import HTTPException


class HttpError(HTTPException):
    """An error in the HTTP request itself, found before a use case runs."""

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(self.status, detail, headers)


class MalformedJson(HttpError):
    """The body is not valid JSON."""

    status = HTTPStatus.BAD_REQUEST
    code = "MALFORMED_JSON"


class NotAuthenticated(HttpError):
    """The request has no usable credentials."""

    status = HTTPStatus.UNAUTHORIZED
    code = "NOT_AUTHENTICATED"


class PayloadTooLarge(HttpError):
    """The body is too large. The rest of it is not read, so the connection must be closed."""

    status = 413
    code = "PAYLOAD_TOO_LARGE"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"Connection": "close"})


class UnsupportedMediaType(HttpError):
    """The body has another media type or a content coding."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "UNSUPPORTED_MEDIA_TYPE"


class InvalidHost(HttpError):
    """The Host field is missing, repeated or not trusted."""

    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_HOST"


class InvalidIdempotencyKey(HttpError):
    """The Idempotency-Key field is malformed or repeated."""

    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_IDEMPOTENCY_KEY"


class CsrfFailed(HttpError):
    """A request with cookies comes from another origin."""

    status = HTTPStatus.FORBIDDEN
    code = "CSRF_FAILED"
