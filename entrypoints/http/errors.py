"""Whatever is refused, as `application/problem+json` (RFC 9457). Nothing a client sent is ever repeated."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from application.ports.storage import StorageUnavailable
from domain import errors

UNPROCESSABLE: Final = 422

TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""As RFC 9110 names them; the library's names change with the version of Python."""

STATUS_OF: Final[dict[type[errors.DomainError], int]] = {
    errors.InvalidValue: UNPROCESSABLE,
    errors.InvalidCredentials: HTTPStatus.UNAUTHORIZED,
    errors.InvalidToken: HTTPStatus.UNAUTHORIZED,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
}

RETRY_AFTER_SECONDS: Final = 1


class HttpError(HTTPException):
    """What is wrong with a request as HTTP, before any use case sees it."""

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(self.status, detail, headers)


class MalformedJson(HttpError):
    status = HTTPStatus.BAD_REQUEST
    code = "MALFORMED_JSON"


class InvalidPrecondition(HttpError):
    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_PRECONDITION"


class NotAuthenticated(HttpError):
    status = HTTPStatus.UNAUTHORIZED
    code = "NOT_AUTHENTICATED"


class PayloadTooLarge(HttpError):
    """The rest of the body is not read, so the connection can't be used again."""

    status = 413
    code = "PAYLOAD_TOO_LARGE"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"Connection": "close"})


class UnsupportedMediaType(HttpError):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "UNSUPPORTED_MEDIA_TYPE"


class PreconditionRequired(HttpError):
    status = HTTPStatus.PRECONDITION_REQUIRED
    code = "PRECONDITION_REQUIRED"


CODE_OF_STATUS: Final[dict[int, str]] = {
    HTTPStatus.BAD_REQUEST: "MALFORMED_JSON",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
}
"""Of what the router itself refuses."""


def status_of(error: type[errors.DomainError]) -> int:
    """The status of the nearest listed ancestor, so a new error needs no new row."""
    return next(STATUS_OF[cls] for cls in error.__mro__ if cls in STATUS_OF)


def install(app: FastAPI) -> None:
    app.add_exception_handler(errors.DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(StorageUnavailable, _unavailable)
    app.add_exception_handler(Exception, _bug)


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    body = {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "instance": request.scope["path"],
        "error_code": code,
        "request_id": request.state.request_id,
        **extensions,
    }
    challenge = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return Response(
        json.dumps(body, separators=(",", ":")),
        status,
        headers={**challenge, **(headers or {})},
        media_type="application/problem+json",
    )


async def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.DomainError)
    extensions: dict[str, Any] = {}
    match error:
        case errors.InvalidValue(field=field):
            extensions["errors"] = [_entry(["body", field] if field else ["body"], str(error), kind_of(error))]
        case errors.TaskNotFound(task_ids=task_ids) if request.scope["path"].endswith("/bulk"):
            extensions["task_ids"] = [str(task_id) for task_id in task_ids]
        case errors.UsernameTaken(field=field) | errors.EmailTaken(field=field):
            extensions["field"] = field
    return problem(request, status_of(type(error)), error.code, str(error), **extensions)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return validation_problem(request, [_told(found) for found in error.errors()])


def validation_problem(request: Request, entries: Sequence[Mapping[str, Any]]) -> Response:
    return problem(request, UNPROCESSABLE, errors.InvalidValue.code, "the request is not valid", errors=entries)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    code = error.code if isinstance(error, HttpError) else CODE_OF_STATUS[status]
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem(request, status, code, error.detail, headers=headers)


async def _unavailable(request: Request, error: Exception) -> Response:
    return problem(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "SERVICE_UNAVAILABLE",
        "the service can't reach its storage; try again",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


async def _bug(request: Request, error: Exception) -> Response:
    """Logged with its traceback by the server; the client gets the id to ask about."""
    response = problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "something went wrong here")
    response.headers["X-Request-ID"] = request.state.request_id
    return response


def _methods_at(request: Request) -> list[str]:
    """Of every route at this path; the router tells those of the first alone."""
    methods: set[str] = set()
    for route in request.app.routes:
        pattern: re.Pattern[str] | None = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(request.scope["path"]):
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods)


def kind_of(error: errors.InvalidValue) -> str:
    """`InvalidTitle` as `invalid_title`, for programs that tell breaches apart."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def _told(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the input, and without what pydantic says of it."""
    cause = found.get("ctx", {}).get("error")
    if isinstance(cause, errors.InvalidValue):
        return _entry(found["loc"], str(cause), kind_of(cause))
    return _entry(found["loc"], str(cause or found["msg"]), found["type"])


def _entry(loc: Sequence[str | int], message: str, kind: str) -> Mapping[str, Any]:
    return {"loc": list(loc), "message": message, "type": kind}
