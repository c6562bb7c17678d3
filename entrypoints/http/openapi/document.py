"""The OpenAPI document. What follows from a route itself is told here once, for all of them."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from domain.errors import DomainError
from entrypoints.http.framework import idempotency
from entrypoints.http.framework.errors import TITLES, HttpError, status_of
from entrypoints.http.framework.idempotency import keyed_request
from entrypoints.http.framework.preconditions import PATTERN, expected_versions
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi import deployment
from entrypoints.http.openapi.headers import HEADERS, OF_ALL, OF_THE_API, OWN_HEADERS, headers_named
from entrypoints.http.schemas.problem import Problem

PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

_ONE_STATE: Final = {
    "anyOf": [
        {"not": {"required": ["status", "completed"]}},
        {"properties": {"status": {"const": "completed"}, "completed": {"const": True}}},
        {"properties": {"status": {"not": {"const": "completed"}}, "completed": {"const": False}}},
    ]
}
BODY_RULES: Final[dict[str, dict[str, Any]]] = {
    "CreateTaskBody": _ONE_STATE,
    "EditTaskBody": {"minProperties": 1, **_ONE_STATE},
    "EditMeBody": {"minProperties": 1},
    "EditUserBody": {"minProperties": 1},
}
"""Between the fields of a body: no two may contradict each other, and there has to be one."""

BOUNDS: Final = {"ge": "minimum", "le": "maximum"}
"""Behind a validator pydantic writes its own names for them."""

SECURITY: Final = {
    "password": {
        "type": "oauth2",
        "flows": {"password": {"tokenUrl": "/api/v1/auth/login/access-token", "scopes": {}}},
    },
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}
"""Browsers may also identify themselves by the cookie that a login by cookie sets."""


def answers(*errors: type[DomainError | HttpError]) -> dict[int | str, dict[str, Any]]:
    """What a route may refuse beyond what every route of its kind does."""
    statuses = [error.status if issubclass(error, HttpError) else status_of(error) for error in errors]
    return {int(status): _refusal(status) for status in statuses}


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
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for name, rule in BODY_RULES.items():
        schemas[name] |= rule
    components["securitySchemes"] = SECURITY
    components["headers"] = HEADERS
    for route in app.routes:
        if isinstance(route, Route) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][route.path_format][method.lower()], route, method, app, schemas)
    deployment.declare(document, app.state.settings)
    _drop_unused(document)
    return document


def _drop_unused(document: dict[str, Any]) -> None:
    """Of the values that validators make, which nobody sends."""
    schemas = document["components"]["schemas"]
    while unused := [name for name in schemas if f'"#/components/schemas/{name}"' not in json.dumps(document)]:
        for name in unused:
            del schemas[name]


def _complete(operation: dict[str, Any], route: Route, method: str, app: FastAPI, schemas: dict[str, Any]) -> None:
    responses = operation["responses"]
    operation["operationId"] = _operation_id(route, app)
    if route.query_model is not None:
        operation.setdefault("parameters", []).extend(_query_parameters(route.query_model, schemas))
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _as_text(parameter["schema"])
    for status in _refusals(route, method, app):
        responses[str(status)] = _refusal(status)
    if route.wants_caller:
        operation["security"] = [{"password": []}, {"bearer": []}]
    if route.depends_on(expected_versions):
        _add_parameter(operation, "If-Match", required=app.state.settings.require_if_match)
    success = responses[str(route.status_code or HTTPStatus.OK)]
    if route.takes(keyed_request):
        _add_parameter(operation, "Idempotency-Key", required=False, pattern=idempotency.PATTERN)
        success.setdefault("headers", {}).update(headers_named("Idempotency-Replayed"))
    if _has_version(route):
        success.setdefault("headers", {}).update(headers_named("ETag"))
        if method == "GET":
            _add_parameter(operation, "If-None-Match", required=False)
            responses["304"] = {"description": "Not Modified", "headers": headers_named("ETag")}
        if route.status_code == HTTPStatus.CREATED:
            success["headers"] |= headers_named("Location")
    always = headers_named(*OF_ALL, *(OF_THE_API if route.path.startswith("/api/") else ()))
    for status, response in responses.items():
        headers = response.setdefault("headers", {})
        headers |= always | OWN_HEADERS.get(int(status), {})
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
    """The name of the function, with the method where a function answers to several."""
    twins = [other for other in app.routes if getattr(other, "endpoint", None) is route.endpoint]
    return route.name if len(twins) == 1 else f"{route.name}_by_{min(route.methods or ()).lower()}"


def _refusals(route: Route, method: str, app: FastAPI) -> Iterator[int]:
    """What any route with these traits may refuse; a wrong host or an undeclared parameter is refused by all."""
    yield from (400, 422)
    if route.wants_caller:
        yield 401
    if route.media_type is not None:
        yield from (400, 413, 415)
    if route.depends_on(expected_versions):
        yield from (400, 409, 412)
        if app.state.settings.require_if_match:
            yield 428
    if route.takes(keyed_request):
        yield from (400, 409, 422)
    if _has_version(route) and "GET" in (route.methods or ()):
        yield 400
    if route.wants_caller and method != "GET":
        yield 403
    if route.path.startswith("/api/"):
        yield from (429, 503)


def _has_version(route: Route) -> bool:
    """Whether it answers with one resource, which has an entity tag."""
    return {"id", "version"} <= getattr(route.response_model, "__dataclass_fields__", {}).keys()


def _refusal(status: int) -> dict[str, Any]:
    return {"description": TITLES.get(status) or HTTPStatus(status).phrase, "content": PROBLEM}


def _as_text(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, which is never null: it is left out."""
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
