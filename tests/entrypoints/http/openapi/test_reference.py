"""The OpenAPI document is a reference: everything is described in sentences, and the examples are valid."""

import re
from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
import pytest

from entrypoints.http.openapi.tags import TAGS
from tests.entrypoints.http.declarations import Json, inlined, operations
from tests.entrypoints.http.openapi.test_document import SETTINGS, document_of

SENTENCE: Final = re.compile(r"[A-Z0-9`].*[^.]\.( [A-Z0-9`].*\.)*", re.DOTALL)
MIN_WORDS: Final = 3


@pytest.fixture(scope="module", params=SETTINGS, ids=["usual", "by TLS and for browsers"])
def document(request: pytest.FixtureRequest) -> Json:
    return document_of(request.param)


def descriptions(document: Json) -> Iterator[tuple[str, Any]]:
    """Yield the place and the description of everything that has one."""
    info, components = document["info"], document["components"]
    yield "introduction", info["description"]
    yield from ((f"tag {tag['name']}", tag.get("description")) for tag in document["tags"])
    yield from ((f"server {server['url']}", server.get("description")) for server in document["servers"])
    for kind in ("securitySchemes", "headers", "schemas"):
        yield from ((f"{kind} {name}", each.get("description")) for name, each in components[kind].items())
    for name, schema in components["schemas"].items():
        yield from (
            (f"{name}.{field}", each.get("description")) for field, each in schema.get("properties", {}).items()
        )
    for name, operation in operations(document):
        yield name, operation.get("description")
        yield from _parts_of(name, operation)


def _parts_of(name: str, operation: Json) -> Iterator[tuple[str, Any]]:
    for parameter in operation.get("parameters", ()):
        yield f"{name} {parameter['name']}", parameter.get("description")
    for status, response in operation["responses"].items():
        yield f"{name} {status}", response.get("description")
        yield from (
            (f"{name} {status} {header}", each.get("description")) for header, each in response["headers"].items()
        )
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for field, each in content["schema"].get("properties", {}).items():
            yield f"{name} {field}", each.get("description")


def says_something(place: str, description: Any) -> bool:
    """Return whether a description is at least a sentence, which is more than the name of the thing."""
    if not isinstance(description, str):
        return False
    words = re.findall(r"\w+", description.lower())
    name = re.findall(r"\w+", place.rpartition(" ")[2].rpartition(".")[2].replace("_", " ").lower())
    return len(words) >= MIN_WORDS and words != name and SENTENCE.match(description) is not None


def test_everything_is_described_in_sentences(document: Json) -> None:
    found = list(descriptions(document))

    assert len(found) > 500
    assert sorted({place for place, text in found if not says_something(place, text)}) == []


def test_every_operation_has_a_short_summary_and_a_described_tag(document: Json) -> None:
    used = set()
    for name, operation in operations(document):
        assert re.fullmatch(r"[A-Z][a-z].{3,50}[^.]", operation["summary"]), name
        used |= set(operation["tags"])

    assert used == set(TAGS)
    assert [tag["name"] for tag in document["tags"]] == list(TAGS)


def test_every_error_response_explains_its_codes(document: Json) -> None:
    found = 0
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            for code in response.get("x-error-codes", ()):
                assert re.search(rf"^- `{code}`: [A-Z].{{15,}}\.$", response["description"], re.MULTILINE), (
                    name,
                    status,
                )
                found += 1

    assert found > 300


def test_the_introduction_states_the_limits_of_this_service() -> None:
    usual = document_of({})["info"]["description"]
    own = document_of({"rate_limit_read": "7/second", "access_token_expire_minutes": 3, "require_if_match": True})
    text = own["info"]["description"]

    for topic in ("Authentication", "Paging", "Concurrent changes", "Repeating requests", "Errors", "Limits"):
        assert f"# {topic}\n" in usual
    assert "600 per minute" in usual
    assert "without it, the response is `428`" not in usual
    assert ("7 per second" in text, "for 3 minutes" in text, "without it, the response is `428`" in text) == (True,) * 3


def examples(document: Json) -> Iterator[tuple[str, Json, Any]]:
    """Yield the place, the schema and the value of each example."""
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if "example" in parameter:
                yield f"{name} {parameter['name']}", parameter["schema"], parameter["example"]
        sent = operation.get("requestBody", {}).get("content", {})
        for place, contents in (
            ("body", sent),
            *((s, r.get("content", {})) for s, r in operation["responses"].items()),
        ):
            for content in contents.values():
                if "example" in content:
                    yield f"{name} {place}", content["schema"], content["example"]


def test_every_example_matches_its_schema(document: Json) -> None:
    found = list(examples(document))

    assert len(found) > 80
    for place, schema, value in found:
        validator = jsonschema_rs.Draft202012Validator(
            {**schema, "components": document["components"]}, validate_formats=True
        )
        assert [str(error) for error in validator.iter_errors(value)] == [], place


def test_every_operation_with_json_shows_its_body_and_its_response(document: Json) -> None:
    without = set()
    for name, operation in operations(document):
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [
            response.get("content", {}) for status, response in operation["responses"].items() if status < "300"
        ]
        without |= {
            name
            for content in contents
            for media_type, each in content.items()
            if "json" in media_type and "example" not in each
        }

    assert without == set()


def test_shared_parts_are_declared_once() -> None:
    document = document_of({}, resolve=False)
    components = document["components"]
    inline = [
        response
        for _, operation in operations(document)
        for response in operation["responses"].values()
        if "x-error-codes" in response
    ]

    assert {"If-Match", "Idempotency-Key", "owner_id", "task_id"} <= set(components["parameters"])
    assert len(components["responses"]) + len(inline) < 70
    assert inlined(document) == document_of({})
