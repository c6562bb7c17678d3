import json
import re
from collections.abc import Iterator
from copy import deepcopy
from enum import StrEnum
from typing import Any, Final

import jsonschema_rs
import pytest
from dependency_injector import providers
from schemathesis.specs.openapi.definitions import OPENAPI_31

from domain.identity.user import Role
from domain.tasks.status import Status
from domain.tasks.task import Priority
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container
from tests.entrypoints.http import declarations
from tests.entrypoints.http.declarations import inlined

OPEN_TO_ALL: Final = {
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/login/access-token",
    "POST /api/v1/auth/login/cookie",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/password-reset",
    "POST /api/v1/auth/password-reset/confirm",
    "GET /health",
    "GET /monitoring/health",
    "GET /monitoring/metrics",
}

KEYWORDS: Final = {
    *("$ref", "title", "description", "default", "examples", "type", "enum", "const", "format"),
    *("anyOf", "not", "minimum", "maximum", "minLength", "maxLength", "pattern"),
    *("properties", "required", "additionalProperties", "propertyNames", "minProperties"),
    *("items", "minItems", "maxItems", "uniqueItems"),
}
"""The JSON Schema keywords in use. A validator ignores unknown ones."""

SETTINGS: Final[list[dict[str, Any]]] = [{}, {"force_https": True, "allowed_origins": "https://app.test"}]

Schema = dict[str, Any]


def document_of(settings: dict[str, Any], *, resolve: bool = True) -> dict[str, Any]:
    """Return the document of an application. With `resolve`, shared parts are in the place of references to them."""
    options: dict[str, Any] = {"_env_file": None, "storage": "memory", **settings}
    document = create_app(Container(settings=providers.Object(Settings(**options)))).openapi()
    return inlined(document) if resolve else document


@pytest.fixture(scope="module", params=SETTINGS, ids=["usual", "by TLS and for browsers"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return document_of(request.param)


def test_the_settings_of_one_application_do_not_change_the_document_of_another() -> None:
    usual, other = SETTINGS
    before = deepcopy(document_of(usual))
    document_of(other)
    assert document_of(usual) == before


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(declarations.operations(document))


def schemas_in(part: Any) -> Iterator[Schema]:
    """Yield every schema, including those of properties."""
    if isinstance(part, list):
        for member in part:
            yield from schemas_in(member)
    elif isinstance(part, dict):
        for name, member in part.items():
            if name == "schema":
                yield from within(member)
            else:
                yield from schemas_in(member)


def within(schema: Schema) -> Iterator[Schema]:
    yield schema
    for keyword, value in schema.items():
        match keyword:
            case "items" | "not" | "propertyNames" | "additionalProperties" if isinstance(value, dict):
                yield from within(value)
            case "anyOf":
                for kind in value:
                    yield from within(kind)
            case "properties":
                for member in value.values():
                    yield from within(member)


def all_schemas(document: dict[str, Any]) -> list[Schema]:
    named = document["components"]["schemas"].values()
    return [*schemas_in(document["paths"]), *(schema for one in named for schema in within(one))]


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    jsonschema_rs.validator_for(OPENAPI_31).validate(document)  # URLs may be relative to the document


def test_schemas_use_only_known_keywords(document: dict[str, Any]) -> None:
    schemas = all_schemas(document)
    for schema in schemas:
        jsonschema_rs.meta.validate(schema)

    assert {keyword for schema in schemas for keyword in schema} <= KEYWORDS


def test_examples_and_defaults_match_their_schemas(document: dict[str, Any]) -> None:
    found = 0
    for schema in all_schemas(document):
        validator = jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})
        for value in [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]:
            validator.validate(value)
            found += 1

    assert found > 5


def test_every_schema_is_unique_and_used(document: dict[str, Any]) -> None:
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))

    assert used == set(document["components"]["schemas"])


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]

    assert len(set(ids)) == len(ids) > 20


def test_path_parameters_are_declared(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        declared = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"]
        assert declared == re.findall(r"{(\w+)}", name), name


def test_all_but_public_operations_require_a_token(document: dict[str, Any]) -> None:
    open_to_all = {name for name, operation in operations(document).items() if not operation.get("security")}
    schemes = {
        scheme for operation in operations(document).values() for s in operation.get("security", ()) for scheme in s
    }

    assert open_to_all == OPEN_TO_ALL
    assert schemes == set(document["components"]["securitySchemes"])


def test_operations_with_a_token_declare_401(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        if operation.get("security"):
            assert "401" in operation["responses"], name


@pytest.mark.parametrize("field", ["If-Match", "If-None-Match"])
def test_operations_that_change_one_resource_are_conditional(document: dict[str, Any], field: str) -> None:
    one = re.compile(r"(PATCH|PUT|DELETE) \S+/(\{task_id\}|\{user_id\}|users/me)|[A-Z]+ \S+/\{task_id\}/tags\S*")
    changing = {name for name in operations(document) if one.fullmatch(name)}
    taking = {
        name
        for name, operation in operations(document).items()
        if any(parameter["name"] == field for parameter in operation.get("parameters", ()))
        if not name.startswith("GET ")
    }
    assert taking == changing
    assert len(taking) == 10


def test_responses_have_a_request_id_and_errors_are_problems(document: dict[str, Any]) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            assert "X-Request-ID" in response["headers"], (name, status)
            is_report = (name, status) == ("GET /monitoring/health", "503")
            assert int(status) < 400 or is_report or response["content"] == problem, (name, status)


def test_bodies_forbid_undeclared_fields(document: dict[str, Any]) -> None:
    bodies = {name: schema for name, schema in document["components"]["schemas"].items() if name.endswith("Body")}

    assert len(bodies) > 5
    assert {name for name, schema in bodies.items() if schema["additionalProperties"] is not False} == set()


def test_request_bodies_are_plain_objects_for_generators_of_clients(document: dict[str, Any]) -> None:
    named = document["components"]["schemas"]
    bodies = {name: schema for name, schema in named.items() if name.endswith("Body")}

    assert {name for name, schema in bodies.items() if schema["type"] != "object" or "anyOf" in schema} == set()
    fields = [field for schema in bodies.values() for field in schema["properties"].values()]
    assert [field for field in fields if "default" in field] == []  # openapi-typescript makes these mandatory
    assert bodies["CreateTaskBody"]["properties"]["title"]["type"] == "string"


@pytest.mark.parametrize("enumeration", [Status, Priority, Role])
def test_an_enumeration_has_one_schema(document: dict[str, Any], enumeration: type[StrEnum]) -> None:
    schemas = [schema for schema in all_schemas(document) if schema.get("enum") == list(enumeration)]

    assert schemas == [document["components"]["schemas"][enumeration.__name__]]


def test_skip_has_no_default_because_cursors_exclude_it(document: dict[str, Any]) -> None:
    skips = [p for each in operations(document).values() for p in each.get("parameters", ()) if p["name"] == "skip"]

    assert len(skips) > 2
    assert {"default" in skip["schema"] for skip in skips} == {False}
