"""Errors as `application/problem+json` (RFC 9457). A problem document never repeats what the client sent."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from application.files.ports import FileStoreUnavailable
from application.operations.export import ExportRunning
from application.platform.idempotency import IdempotencyKeyReused
from application.platform.load import CallerGone, Overloaded
from application.platform.rate_limits import RateLimited, TooManyRequests
from application.platform.unit_of_work import StorageBusy, StorageUnavailable
from domain import errors
from domain.versions import PreconditionFailed
from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.http_errors import HttpError, ServiceUnavailable
from entrypoints.http.framework.rate_limits import rate_limit_headers
from entrypoints.http.schemas.fields import WIRE_NAMES
from entrypoints.http.schemas.messages import error_message, summary

UNPROCESSABLE: Final = 422

TITLES: Final = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""The names of RFC 9110. The names in the standard library depend on the Python version."""

STATUS_OF: Final[dict[type[errors.DomainError], int]] = {
    errors.InvalidValue: UNPROCESSABLE,
    errors.InvalidCredentials: HTTPStatus.UNAUTHORIZED,
    errors.InvalidToken: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TooLarge: 413,
    errors.UnsupportedFileType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    IdempotencyKeyReused: UNPROCESSABLE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
}

QUERY_FIELDS: Final = frozenset({"cursor", "search"})
"""Fields of InvalidValue errors that are query parameters; all others belong to the body."""

MAX_ENTRIES: Final = 20
MAX_NAME: Final = 100
"""Characters. Limits like this keep every problem document short."""

RETRY_AFTER_SECONDS: Final = 1
EXPORT_RETRY_AFTER_SECONDS: Final = 10


CODE_OF_STATUS: Final[dict[int, str]] = {
    HTTPStatus.BAD_REQUEST: "MALFORMED_JSON",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
}
"""Codes of errors that the router itself raises."""


def status_of(error: type[errors.DomainError]) -> int:
    """Return the status of the nearest ancestor in the table, so that a new error needs no new row."""
    return next(STATUS_OF[cls] for cls in error.__mro__ if cls in STATUS_OF)


def install(app: FastAPI) -> None:
    app.add_exception_handler(errors.DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(StorageBusy, _busy)
    app.add_exception_handler(StorageUnavailable, _unavailable)
    app.add_exception_handler(FileStoreUnavailable, _unavailable)
    app.add_exception_handler(Overloaded, _overloaded)
    app.add_exception_handler(CallerGone, _client_disconnected)
    app.add_exception_handler(ClientDisconnect, _client_disconnected)


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    context = context_of(request)
    body = problem_document(status, code, detail, quote_path(request.scope["path"]), context.request_id, **extensions)
    challenge = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    response = Response(
        body,
        status,
        headers={**challenge, **(headers or {})},
        media_type="application/problem+json",
    )
    if context.rate_window is not None:
        response.raw_headers += rate_limit_headers(context.rate_window)
    return response


def problem_document(status: int, code: str, detail: str, instance: str, request_id: str, **extensions: Any) -> str:
    """Return the JSON of a problem document."""
    body = {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "instance": instance,
        "error_code": code,
        "request_id": request_id,
        **extensions,
    }
    return json.dumps(body, separators=(",", ":"))


def quote_path(path: str) -> str:
    """Return a decoded path as it is in a URL."""
    return quote(path, safe="/:@!$&'()*+,;=")


async def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.DomainError)
    extensions: dict[str, Any] = {}
    headers: dict[str, str] = {}
    match error:
        case RateLimited(window=window):
            context_of(request).rate_window = window
            headers = {"Retry-After": str(window.resets_in)}
        case errors.ExpiredToken():  # RFC 6750, section 3.1
            headers = {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{error}"'}
        case ExportRunning():
            headers = {"Retry-After": str(EXPORT_RETRY_AFTER_SECONDS)}
        case errors.FileTooLarge():
            headers = {"Connection": "close"}  # the rest of the body is not read
        case errors.InvalidValue(field=field, rule=rule):
            place = "query" if field in QUERY_FIELDS else "body"
            loc = [place, WIRE_NAMES.get(field, field)] if field else [place]
            extensions["errors"] = [_entry(loc, str(error), rule)]
        case errors.TasksNotFound(ids=ids):
            extensions["task_ids"] = [str(task_id) for task_id in ids]
        case errors.UsernameTaken(field=field) | errors.EmailTaken(field=field):
            extensions["field"] = field
    return problem(request, status_of(type(error)), error.code, str(error), headers=headers, **extensions)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    field = getattr(request.scope.get("route"), "body_field", None)
    model = field.field_info.annotation if field else None
    found = error.errors()
    return validation_problem(request, [_format_error(each, model) for each in found[:MAX_ENTRIES]], len(found))


def validation_problem(request: Request, entries: Sequence[Mapping[str, Any]], count: int) -> Response:
    """Return a 422 problem document with the first entries of `count` invalid values."""
    detail = summary(entries[0], count)
    return problem(request, UNPROCESSABLE, errors.InvalidValue.code, detail, errors=entries[:MAX_ENTRIES])


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return http_problem(request, error)


def http_problem(request: Request, error: HTTPException) -> Response:
    status = error.status_code
    code = error.code if isinstance(error, HttpError) else CODE_OF_STATUS[status]
    headers, detail = dict(error.headers or {}), error.detail
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_at(request))
        detail = f"this path supports only {headers['Allow']}"
    elif code == "NOT_FOUND":
        detail = "no such path"
    return problem(request, status, code, detail, headers=headers)


async def _busy(request: Request, error: Exception) -> Response:
    log_storage_error("busy", error)
    return _service_unavailable(request, "the storage is busy; try again")


async def _unavailable(request: Request, error: Exception) -> Response:
    log_storage_error("unavailable", error)
    return _service_unavailable(request, "the service cannot reach its storage; try again")


def log_storage_error(event: str, error: Exception) -> None:
    """Log the cause of a 503."""
    cause = error.__cause__ or error
    first_line = str(cause).partition("\n")[0]
    structlog.get_logger("storage").warning(event, error=str(error), cause=f"{type(cause).__name__}: {first_line}")


async def _overloaded(request: Request, error: Exception) -> Response:
    return _service_unavailable(request, f"{error}; try again")


def _service_unavailable(request: Request, detail: str) -> Response:
    return problem(
        request,
        ServiceUnavailable.status,
        ServiceUnavailable.code,
        detail,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


async def _client_disconnected(request: Request, error: Exception) -> Response:
    """Return a response that is never read, because the client has disconnected."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


def internal_error(request: Request) -> Response:
    """Return a response with the request id only."""
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "an internal error occurred")


def _methods_at(request: Request) -> list[str]:
    """Return the methods of all routes at this path. The router itself reports only those of the first route."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | {"HEAD"} if "GET" in methods else methods) or ["GET", "HEAD"]


def _format_error(error: Mapping[str, Any], model: Any) -> Mapping[str, Any]:
    """Return an error of pydantic without the input and its context."""
    cause = error.get("ctx", {}).get("error")
    type_ = cause.rule if isinstance(cause, errors.InvalidValue) else error["type"]
    return _entry(error["loc"], error_message(error, model), type_)


def _entry(loc: Sequence[str | int], message: str, type_: str) -> Mapping[str, Any]:
    short = [part[:MAX_NAME] if isinstance(part, str) else part for part in loc]
    return {"loc": short, "message": message, "type": type_}
