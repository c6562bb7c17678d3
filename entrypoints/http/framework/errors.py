"""Whatever is refused, as `application/problem+json` (RFC 9457). Nothing a client sent is ever repeated."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from application.files.ports import FileStoreUnavailable
from application.platform.idempotency import IdempotencyKeyReused
from application.platform.rate_limits import RateLimited
from application.platform.unit_of_work import StorageUnavailable
from domain import errors
from entrypoints.http.framework.rate_limits import headers_of

UNPROCESSABLE: Final = 422

TITLES: Final = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""As RFC 9110 names them; the library's names change with the version of Python."""

STATUS_OF: Final[dict[type[errors.DomainError], int]] = {
    errors.InvalidValue: UNPROCESSABLE,
    errors.InvalidCredentials: HTTPStatus.UNAUTHORIZED,
    errors.InvalidToken: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TooLarge: 413,
    errors.UnsupportedFileType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    IdempotencyKeyReused: UNPROCESSABLE,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
}

IN_QUERY: Final = (errors.InvalidCursor, errors.InvalidSearch)

MAX_ENTRIES: Final = 20
MAX_NAME: Final = 100
"""A refusal is short, whatever is refused."""

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


class InvalidHost(HttpError):
    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_HOST"


class InvalidIdempotencyKey(HttpError):
    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_IDEMPOTENCY_KEY"


class CsrfFailed(HttpError):
    status = HTTPStatus.FORBIDDEN
    code = "CSRF_FAILED"


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
    app.add_exception_handler(FileStoreUnavailable, _unavailable)
    app.add_exception_handler(ClientDisconnect, _gone)
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
        "instance": quote(request.scope["path"], safe="/:@!$&'()*+,;="),
        "error_code": code,
        "request_id": request.state.request_id,
        **extensions,
    }
    challenge = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    response = Response(
        json.dumps(body, separators=(",", ":")),
        status,
        headers={**challenge, **(headers or {})},
        media_type="application/problem+json",
    )
    if window := getattr(request.state, "rate_window", None):
        response.raw_headers += headers_of(window)
    return response


async def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.DomainError)
    extensions: dict[str, Any] = {}
    headers: dict[str, str] = {}
    match error:
        case RateLimited(window=window):
            request.state.rate_window = window
            headers = {"Retry-After": str(window.resets_in)}
        case errors.FileTooLarge():
            headers = {"Connection": "close"}  # as the rest of it is not read
        case errors.InvalidValue(field=field):
            place = "query" if isinstance(error, IN_QUERY) else "body"
            extensions["errors"] = [_entry([place, field] if field else [place], str(error), kind_of(error))]
        case errors.TaskNotFound(task_ids=task_ids) if request.scope["path"].endswith("/bulk"):
            extensions["task_ids"] = [str(task_id) for task_id in task_ids]
        case errors.UsernameTaken(field=field) | errors.EmailTaken(field=field):
            extensions["field"] = field
    return problem(request, status_of(type(error)), error.code, str(error), headers=headers, **extensions)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return validation_problem(request, [_told(found) for found in error.errors()[:MAX_ENTRIES]])


def validation_problem(request: Request, entries: Sequence[Mapping[str, Any]]) -> Response:
    told = entries[:MAX_ENTRIES]
    return problem(request, UNPROCESSABLE, errors.InvalidValue.code, "the request is not valid", errors=told)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return http_problem(request, error)


def http_problem(request: Request, error: HTTPException) -> Response:
    status = error.status_code
    code = error.code if isinstance(error, HttpError) else CODE_OF_STATUS[status]
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem(request, status, code, error.detail, headers=headers)


async def _unavailable(request: Request, error: Exception) -> Response:
    cause = error.__cause__ or error
    told = str(cause).partition("\n")[0]
    structlog.get_logger("storage").warning("unavailable", error=str(error), cause=f"{type(cause).__name__}: {told}")
    return problem(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "SERVICE_UNAVAILABLE",
        "the service can't reach its storage; try again",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody reads it: the client left while it was sending."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _bug(request: Request, error: Exception) -> Response:
    """Logged with its traceback by the server; the client gets the id to ask about."""
    response = problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "something went wrong here")
    request.state.complete_headers(response.raw_headers)
    return response


def _methods_at(request: Request) -> list[str]:
    """Of every route at this path, as the router tells those of the first alone; files are only read."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | {"HEAD"} if "GET" in methods else methods) or ["GET", "HEAD"]


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
    short = [part[:MAX_NAME] if isinstance(part, str) else part for part in loc]
    return {"loc": short, "message": message, "type": kind}
