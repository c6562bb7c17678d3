"""The OpenAPI document. What follows from a route itself is told here once, for all of them."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from domain.errors import DomainError
from entrypoints.http.errors import TITLES, status_of
from entrypoints.http.preconditions import PATTERN, expected_versions
from entrypoints.http.routing import Route
from entrypoints.http.schemas.problem import Problem

PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

REQUEST_ID: Final = {
    "description": "Names this request in logs; the client's own, if it gave a good one.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
}
ETAG: Final = {"description": "The version, for If-Match and If-None-Match.", "schema": {"type": "string"}}
LOCATION: Final = {"description": "Where it is.", "schema": {"type": "string"}}
OWN_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    405: {"Allow": {"schema": {"type": "string"}}},
    503: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}

SECURITY: Final = {
    "password": {
        "type": "oauth2",
        "flows": {"password": {"tokenUrl": "/api/v1/auth/login/access-token", "scopes": {}}},
    },
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


def answers(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """What a route may refuse beyond what every route of its kind does."""
    return {status_of(error): _refusal(status_of(error)) for error in errors}


def install(app: FastAPI) -> None:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, openapi_version="3.1.0"
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    components["securitySchemes"] = SECURITY
    for route in app.routes:
        if isinstance(route, Route) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][route.path][method.lower()], route, method, app)
    return document


def _complete(operation: dict[str, Any], route: Route, method: str, app: FastAPI) -> None:
    responses = operation["responses"]
    for status in _refusals(route, app):
        responses[str(status)] = _refusal(status)
    if route.wants_caller:
        operation["security"] = [{"password": []}, {"bearer": []}]
    if route.depends_on(expected_versions):
        _add_parameter(operation, "If-Match", required=app.state.require_if_match)
    success = responses[str(route.status_code or HTTPStatus.OK)]
    model = route.response_model
    if hasattr(model, "model_fields") and "version" in model.model_fields:
        success.setdefault("headers", {})["ETag"] = ETAG
        if method == "GET":
            _add_parameter(operation, "If-None-Match", required=False)
            responses["304"] = {"description": "Not Modified", "headers": {"ETag": ETAG}}
        if route.status_code == HTTPStatus.CREATED:
            success["headers"]["Location"] = LOCATION
    for status, response in responses.items():
        headers = response.setdefault("headers", {})
        headers |= {"X-Request-ID": REQUEST_ID, **OWN_HEADERS.get(int(status), {})}


def _refusals(route: Route, app: FastAPI) -> Iterator[int]:
    """What any route with these traits may refuse; an undeclared parameter is refused by all."""
    yield 422
    if route.wants_caller:
        yield 401
    if route.media_type is not None:
        yield from (400, 413, 415)
    if route.depends_on(expected_versions):
        yield from (400, 409, 412)
        if app.state.require_if_match:
            yield 428
    elif "version" in getattr(route.response_model, "model_fields", ()) and "GET" in (route.methods or ()):
        yield 400
    if route.path.startswith("/api/"):
        yield 503


def _refusal(status: int) -> dict[str, Any]:
    return {"description": TITLES.get(status) or HTTPStatus(status).phrase, "content": PROBLEM}


def _add_parameter(operation: dict[str, Any], name: str, *, required: bool) -> None:
    operation.setdefault("parameters", []).append(
        {"name": name, "in": "header", "required": required, "schema": {"type": "string", "pattern": PATTERN}}
    )
