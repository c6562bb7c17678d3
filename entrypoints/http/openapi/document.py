"""The OpenAPI document. FastAPI describes the schemas, and the routes describe the rest."""

import json
import re
from collections import Counter
from copy import deepcopy
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from entrypoints.http.framework.route import Route
from entrypoints.http.openapi import deployment, operations
from entrypoints.http.openapi.docstrings import field_texts, models_in
from entrypoints.http.openapi.errors import component_name
from entrypoints.http.openapi.headers import HEADERS
from entrypoints.http.openapi.introduction import introduction
from entrypoints.http.openapi.security import security_schemes
from entrypoints.http.openapi.tags import TAGS
from entrypoints.http.schemas.problem import Problem
from entrypoints.settings import Settings

Json = dict[str, Any]

_REFERENCE: Final = re.compile('"#/components/schemas/([^"]+)"')


def install(app: FastAPI, settings: Settings) -> None:
    """Make `app.openapi()` return the completed document."""

    def openapi() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, settings)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI, settings: Settings) -> Json:
    described = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes, openapi_version="3.1.0"
    )
    document: Json = deepcopy(described)  # it shares parts with the routes
    document["info"] |= introduction(settings)
    document["servers"] = [{"url": "/", "description": "The service that serves this document."}]
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    components["securitySchemes"] = security_schemes(settings)
    components["headers"] = dict(HEADERS)
    routes = [route for route in app.routes if isinstance(route, Route) and route.include_in_schema]
    for route in routes:
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            operation["operationId"] = operations.operation_id(route, app)
            operations.complete(operation, route, method, settings, schemas)
    deployment.declare(document, settings)
    _drop_unused(document)
    _describe_fields(schemas, routes)
    _share(document)
    return _in_order_of_tags(document)


def _drop_unused(document: Json) -> None:
    """Remove schemas of values that validators create and no client sends."""
    schemas = document["components"]["schemas"]
    while unused := schemas.keys() - set(_REFERENCE.findall(json.dumps(document))):
        for name in unused:
            del schemas[name]


def _describe_fields(schemas: Json, routes: list[Route]) -> None:
    """Add the docstrings of fields. Remove titles that repeat names, and defaults of requests.

    Generators of TypeScript types make a field with a default mandatory.
    """
    roots = [Problem, *(field.field_info.annotation for route in routes if (field := route.body_field))]
    roots += [route.response_model for route in routes]
    models = {model.__name__: model for root in roots for model in models_in(root)}
    for name, schema in schemas.items():
        texts = field_texts(models[name]) if name in models else {}
        for field, field_schema in schema.get("properties", {}).items():
            field_schema.pop("title", None)
            if name.endswith(("Body", "Form")):
                field_schema.pop("default", None)
            if field in texts:
                field_schema["description"] = texts[field]


def _share(document: Json) -> None:
    """Declare parameters and error responses of several operations once. The operations refer to them."""
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    parts = [part for each in operations for part in (*each.get("parameters", ()), *each["responses"].values())]
    counts = Counter(map(json.dumps, parts))
    components = document["components"]
    components |= {"parameters": {}, "responses": {}}

    def share(section: str, name: str, part: Json) -> Json:
        is_shared = counts[json.dumps(part)] > 1 and components[section].setdefault(name, part) == part
        return {"$ref": f"#/components/{section}/{name}"} if is_shared else part

    for operation in operations:
        if "parameters" in operation:
            operation["parameters"] = [share("parameters", each["name"], each) for each in operation["parameters"]]
        for status, response in operation["responses"].items():
            if "x-error-codes" in response:
                operation["responses"][status] = share("responses", component_name(response), response)


def _in_order_of_tags(document: Json) -> Json:
    ranks = {name: rank for rank, name in enumerate(TAGS)}
    paths = document["paths"].items()
    return document | {"paths": dict(sorted(paths, key=lambda item: ranks[next(iter(item[1].values()))["tags"][0]]))}
