"""Parameters in the OpenAPI document."""

from typing import Any, Final

from pydantic import BaseModel

from entrypoints.http.framework import idempotency
from entrypoints.http.framework.idempotency import idempotent_request
from entrypoints.http.framework.preconditions import PATTERN, expected_versions
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi.docstrings import field_texts, unwrap
from entrypoints.http.schemas.filters import FilterQuery
from entrypoints.settings import Settings

BOUNDS: Final = {"ge": "minimum", "le": "maximum"}
"""Pydantic writes these names behind a validator."""

IF_MATCH: Final = """
Changes the resource only if it still has one of these versions: entity tags from `ETag`, separated by commas, or `*`
for any version. Otherwise, the response is `412` and nothing changes.
"""
IF_NONE_MATCH: Final = """
Changes the resource only if it has none of these versions: entity tags from `ETag`, separated by commas, or `*` for any
version. Otherwise, the response is `412` and nothing changes.
"""
IF_CHANGED: Final = """
Entity tags of the versions that the client has already, separated by commas. If the resource has one of them, the
response is `304` without a body.
"""
IDEMPOTENCY_KEY: Final = """
A key of 1 to 255 visible ASCII characters that the client makes up for this request, for example a UUID. A repetition
with the same key and the same body within 24 hours changes nothing and gets the stored response. With another body, it
gets `422`.
"""


def complete_parameters(operation: dict[str, Any], route: Route, method: str, settings: Settings) -> None:
    """Add the headers that a route accepts, and complete all parameters."""
    parameters = operation.setdefault("parameters", [])
    if route.has_parameter(expected_versions):
        parameters.append(header("If-Match", IF_MATCH, PATTERN, required=settings.require_if_match))
        parameters.append(header("If-None-Match", IF_NONE_MATCH, PATTERN))
    elif route.is_versioned and method == "GET":
        parameters.append(header("If-None-Match", IF_CHANGED, PATTERN))
    if route.has_parameter(idempotent_request):
        parameters.append(header("Idempotency-Key", IDEMPOTENCY_KEY, idempotency.PATTERN))
    examples = route.example.parameters if route.example else {}
    for parameter in parameters:
        parameter["schema"] = _parameter_schema(parameter["schema"])
        if "description" in parameter["schema"]:
            parameter["description"] = parameter["schema"].pop("description")
        if parameter["name"] in examples:
            parameter["example"] = examples[parameter["name"]]
    if not parameters:
        del operation["parameters"]


def query_parameters(model: type[BaseModel], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of a query model. The schemas to which they refer are added to `schemas`."""
    described = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= described.get("$defs", {})
    texts = field_texts(model)
    if issubclass(model, FilterQuery):
        texts |= {model.parameter_of(field): text for field, text in field_texts(model.filter_type).items()}
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        | ({"description": texts[name]} if name in texts else {})
        for name, schema in described["properties"].items()
    ]


def header(name: str, description: str, pattern: str | None = None, *, required: bool = False) -> dict[str, Any]:
    """Return the declaration of a request header."""
    schema = {"type": "string"} | ({} if pattern is None else {"pattern": pattern})
    return {"name": name, "in": "header", "description": unwrap(description), "required": required, "schema": schema}


def _parameter_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter. A parameter is absent rather than null."""
    schema = {BOUNDS.get(keyword, keyword): value for keyword, value in schema.items() if keyword != "title"}
    if schema.get("default", ...) is None:
        del schema["default"]
    kinds: list[dict[str, Any]] = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return kinds[0] | schema
    return schema | ({"anyOf": kinds} if kinds else {})
