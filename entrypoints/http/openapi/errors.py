"""Error responses in the OpenAPI document. The rule behind a code is the docstring of its error class."""

import inspect
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from application.platform.idempotency import IdempotencyKeyInUse, IdempotencyKeyReused
from application.platform.rate_limits import TooManyRequests
from domain.errors import Conflict, DomainError, InvalidToken, InvalidValue
from domain.versions import PreconditionFailed
from entrypoints.http.framework.bodies.strict_request import JSON
from entrypoints.http.framework.errors import TITLES, status_of
from entrypoints.http.framework.http_errors import (
    CsrfFailed,
    HttpError,
    InvalidHost,
    InvalidIdempotencyKey,
    MalformedJson,
    NotAuthenticated,
    PayloadTooLarge,
    ServiceUnavailable,
    UnsupportedMediaType,
)
from entrypoints.http.framework.idempotency import idempotent_request
from entrypoints.http.framework.preconditions import InvalidPrecondition, PreconditionRequired, expected_versions
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi.docstrings import unwrap
from entrypoints.settings import Settings

PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

Error = type[DomainError | HttpError]


def error_responses(route: Route, method: str, settings: Settings) -> dict[str, Any]:
    """Return the error responses of a route by status, each with its codes."""
    rules: dict[int, dict[str, str]] = {}
    for error in _errors_of(route, method, settings):
        rules.setdefault(_status(error), {}).setdefault(error.code, _rule(error))
    return {str(status): _response(status, rules[status]) for status in sorted(rules)}


def component_name(response: dict[str, Any]) -> str:
    """Return the name of an error response under `components`."""
    return ".".join(response["x-error-codes"])


def _errors_of(route: Route, method: str, settings: Settings) -> Iterator[Error]:
    """Yield the errors of a route: those of its use case, and those that follow from its traits."""
    yield from route.errors
    yield from (InvalidHost, InvalidValue)
    if route.requires_caller:
        yield from (NotAuthenticated, InvalidToken)
        if method != "GET":
            yield CsrfFailed
    if route.media_type is not None:
        yield from (MalformedJson,) if route.media_type is JSON else ()
        yield from (PayloadTooLarge, UnsupportedMediaType)
    if route.has_parameter(expected_versions):
        yield from (InvalidPrecondition, Conflict, PreconditionFailed)
        if settings.require_if_match:
            yield PreconditionRequired
    if route.has_parameter(idempotent_request):
        yield from (InvalidIdempotencyKey, IdempotencyKeyInUse, IdempotencyKeyReused)
    if route.is_versioned and method == "GET":
        yield InvalidPrecondition
    if route.path.startswith("/api/"):
        yield from (TooManyRequests, ServiceUnavailable)


def _status(error: Error) -> int:
    return int(error.status if issubclass(error, HttpError) else status_of(error))


def _rule(error: Error) -> str:
    """Return the first paragraph of the docstring of the class that defines the code."""
    owner = next(cls for cls in error.__mro__ if "code" in vars(cls))
    return unwrap((inspect.getdoc(owner) or "").partition("\n\n")[0])


def _response(status: int, rules: dict[str, str]) -> dict[str, Any]:
    title = TITLES.get(status) or HTTPStatus(status).phrase
    rows = [f"- `{code}`: {rule}" for code, rule in sorted(rules.items())]
    return {
        "description": "\n".join((f"{title}. The `error_code` is one of:", "", *rows)),
        "x-error-codes": sorted(rules),
        "content": PROBLEM,
    }
