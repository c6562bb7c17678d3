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
    """The body is not JSON in UTF-8, repeats a key, or is nested too deeply."""


class NotAuthenticated(HttpError, status=HTTPStatus.UNAUTHORIZED, code="NOT_AUTHENTICATED"):
    """The request has no credentials that the operation accepts."""


class PayloadTooLarge(HttpError, status=413, code="PAYLOAD_TOO_LARGE"):
    """The body is too large. The rest of it is not read, so the connection is closed."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"Connection": "close"})


class UnsupportedMediaType(HttpError, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, code="UNSUPPORTED_MEDIA_TYPE"):
    """The body has another media type than the operation accepts, or a content coding."""


class InvalidHost(HttpError, status=HTTPStatus.BAD_REQUEST, code="INVALID_HOST"):
    """The Host field is missing, repeated, malformed or not trusted."""


class InvalidIdempotencyKey(HttpError, status=HTTPStatus.BAD_REQUEST, code="INVALID_IDEMPOTENCY_KEY"):
    """The Idempotency-Key field is repeated, or is not 1 to 255 visible ASCII characters."""


class CsrfFailed(HttpError, status=HTTPStatus.FORBIDDEN, code="CSRF_FAILED"):
    """A request that authenticates by cookie and changes something comes from a page of another origin."""


class ServiceUnavailable(HttpError, status=HTTPStatus.SERVICE_UNAVAILABLE, code="SERVICE_UNAVAILABLE"):
    """The service cannot reach its storage, or is overloaded. The request can be repeated after Retry-After."""
