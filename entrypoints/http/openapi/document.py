"""The OpenAPI document. What follows from the traits of a route is added here for all routes."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from entrypoints.http.framework import idempotency
from entrypoints.http.framework.errors import TITLES
from entrypoints.http.framework.idempotency import idempotent_request
from entrypoints.http.framework.preconditions import PATTERN, expected_versions
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi import deployment
from entrypoints.http.openapi.headers import ALL_RESPONSES, API_RESPONSES, HEADERS, STATUS_HEADERS, headers_named
from entrypoints.http.schemas.problem import Problem
from entrypoints.settings import Settings

PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

BOUNDS: Final = {"ge": "minimum", "le": "maximum"}
"""Pydantic writes these names behind a validator."""

_REFERENCE: Final = re.compile('"#/components/schemas/([^"]+)"')

SECURITY: Final = {
    "password": {
        "type": "oauth2",
        "flows": {"password": {"tokenUrl": "/api/v1/auth/login/access-token", "scopes": {}}},
    },
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}
"""Browsers may also authenticate with the cookies of a login by cookie."""


def install(app: FastAPI, settings: Settings) -> None:
    """Make `app.openapi()` return the completed document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, settings)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI, settings: Settings) -> dict[str, Any]:
    described = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, openapi_version="3.1.0"
    )
    document: dict[str, Any] = deepcopy(described)  # it shares parts with the routes
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    components["securitySchemes"] = SECURITY
    components["headers"] = dict(HEADERS)
    for route in app.routes:
        if isinstance(route, Route) and route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                operation["operationId"] = _operation_id(route, app)
                _complete(operation, route, method, settings, schemas)
    deployment.declare(document, settings)
    _drop_unused(document)
    _drop_defaults_of_bodies(schemas)
    return document


def _drop_unused(document: dict[str, Any]) -> None:
    """Remove schemas of values that validators create and no client sends."""
    schemas = document["components"]["schemas"]
    while unused := schemas.keys() - set(_REFERENCE.findall(json.dumps(document))):
        for name in unused:
            del schemas[name]


def _drop_defaults_of_bodies(schemas: dict[str, Any]) -> None:
    """Remove defaults of fields in requests. Generators of TypeScript types make a field with a default mandatory."""
    for name, schema in schemas.items():
        if name.endswith(("Body", "Form")):
            for field in schema["properties"].values():
                field.pop("default", None)


def _complete(
    operation: dict[str, Any], route: Route, method: str, settings: Settings, schemas: dict[str, Any]
) -> None:
    responses = operation["responses"]
    if route.query is not None:
        operation.setdefault("parameters", []).extend(_query_parameters(route.query.model, schemas))
    if "requestBody" in operation and route.media_type is not None:
        limit = min(settings.max_body_bytes, route.max_body or settings.max_body_bytes)
        operation["requestBody"]["description"] = f"At most {limit} bytes."
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _parameter_schema(parameter["schema"])
    for status in _error_statuses(route, method, settings):
        responses[str(status)] = _error_response(status)
    if route.requires_caller:
        operation["security"] = [{"password": []}, {"bearer": []}]
    if route.has_parameter(expected_versions):
        _add_parameter(operation, "If-Match", required=settings.require_if_match)
        _add_parameter(operation, "If-None-Match", required=False)
    success = responses[str(route.status_code or HTTPStatus.OK)]
    if route.has_parameter(idempotent_request):
        _add_parameter(operation, "Idempotency-Key", required=False, pattern=idempotency.PATTERN)
        success.setdefault("headers", {}).update(headers_named("Idempotency-Replayed"))
    if route.is_versioned:
        success.setdefault("headers", {}).update(headers_named("ETag"))
        if method == "GET":
            _add_parameter(operation, "If-None-Match", required=False)
            responses["304"] = {"description": "Not Modified", "headers": headers_named("ETag")}
    if route.location is not None:
        success.setdefault("headers", {}).update(headers_named("Location"))
    always = headers_named(*ALL_RESPONSES, *(API_RESPONSES if route.path.startswith("/api/") else ()))
    for status, response in responses.items():
        headers = response.setdefault("headers", {})
        headers |= always | STATUS_HEADERS.get(int(status), {})
        if status == "204":
            headers |= headers_named("Set-Cookie")


def _query_parameters(model: type[BaseModel], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    described = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= described.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in described["properties"].items()
    ]


def _operation_id(route: Route, app: FastAPI) -> str:
    """Return the name of the endpoint, with the method if the endpoint has several."""
    twins = [other for other in app.routes if getattr(other, "endpoint", None) is route.endpoint]
    return route.name if len(twins) == 1 else f"{route.name}_by_{min(route.methods or ()).lower()}"


def _error_statuses(route: Route, method: str, settings: Settings) -> Iterator[int]:
    """Yield the statuses of all errors of a route. All routes refuse a wrong host or parameter."""
    yield from (400, 422)
    yield from route.error_statuses
    if route.requires_caller:
        yield 401
    if route.media_type is not None:
        yield from (400, 413, 415)
    if route.has_parameter(expected_versions):
        yield from (400, 409, 412)
        if settings.require_if_match:
            yield 428
    if route.has_parameter(idempotent_request):
        yield from (400, 409, 422)
    if route.is_versioned and method == "GET":
        yield 400
    if route.requires_caller and method != "GET":
        yield 403
    if route.path.startswith("/api/"):
        yield from (429, 503)


def _error_response(status: int) -> dict[str, Any]:
    return {"description": TITLES.get(status) or HTTPStatus(status).phrase, "content": PROBLEM}


def _parameter_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter. A parameter is absent rather than null."""
    schema = {BOUNDS.get(keyword, keyword): value for keyword, value in schema.items()}
    if schema.get("default", ...) is None:
        del schema["default"]
    kinds: list[dict[str, Any]] = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return kinds[0] | schema
    return schema | ({"anyOf": kinds} if kinds else {})


def _add_parameter(operation: dict[str, Any], name: str, *, required: bool, pattern: str = PATTERN) -> None:
    operation.setdefault("parameters", []).append(
        {"name": name, "in": "header", "required": required, "schema": {"type": "string", "pattern": pattern}}
    )
