"""What helps the generator to requests that the document allows, and tells what no document can say."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import RejectedPositiveData

from tests.support.strategies import ZONES

MAILBOX: Final = "mailbox"
ENTITY_TAGS: Final = "entity-tags"

FORMATTED: Final = ("password", "confirm_password", "email", "If-Match", "If-None-Match")
"""Where these formats only help to make good values, and others may be good as well."""

Examples = Mapping[str, Mapping[str, Any]]
"""Of the parameters of an operation, or of the fields of a body."""

BEYOND_SCHEMAS: Final = frozenset(
    {
        "the passwords are not the same",
        "the key belongs to a request that asked for something else",
        "a page begins at a cursor or after a number of rows, not both",
        "the token is not valid, or was used",
        "the cursor is damaged",
        "the cursor is damaged, or belongs to other filters or another order",
        "a task has at most 20 tags",  # with those it has
        "a tag has 1 to 50 characters",  # once it is folded, as is the next
        "a tag is visible text without comma, slash or control characters, and not . or ..",
    }
)
"""Refusals that depend on two values, on what is stored, or on what only the service can make."""


def register_formats() -> None:
    no_name = st.text("àáâãäåæçèéêëìíîï", min_size=4, max_size=120)  # nor part of an e-mail address
    schemathesis.openapi.format("password", no_name.map("Ññ7¿".__add__))
    schemathesis.openapi.format("timezone", st.sampled_from(ZONES))
    word = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
    schemathesis.openapi.format(MAILBOX, st.builds("{}@{}.example".format, word, word))
    version = st.integers(1, 9).map('"{}"'.format)
    some = st.lists(version | version.map("W/{}".format), min_size=1, max_size=3).map(", ".join)
    schemathesis.openapi.format(ENTITY_TAGS, st.just("*") | version | some)


def with_hints(document: dict[str, Any], examples: Examples) -> dict[str, Any]:
    """With `examples` of values that have to be there, and names for the formats above: their patterns say all, but
    are slow to draw from."""
    document = deepcopy(document)
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        email = schema.get("properties", {}).get("email", {})
        if "pattern" in email:
            del email["maxLength"]
            email |= {"format": MAILBOX, "examples": ["dan@example.com"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in {"If-Match", "If-None-Match"}:
                    parameter["schema"]["format"] = ENTITY_TAGS
                if example := examples.get(f"{method.upper()} {path}", {}).get(parameter["name"]):
                    parameter["schema"]["examples"] = [example]
    for name, schema in schemas.items():
        for field, example in examples.get(name, {}).items():
            schema["properties"][field]["examples"] = [example]
    return document


def is_beyond_schemas(failure: Failure, case: Case[Any], response: Response) -> bool:
    """Whether it is no failure: the document can't say the rule, or what was broken is a format of ours alone."""
    if isinstance(failure, RejectedPositiveData) and response.status_code == 415:
        return bool(response.json()["error_code"] == "UNSUPPORTED_FILE_TYPE")
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
        problem = response.json()
        told = [error["message"] for error in problem["errors"]] if "errors" in problem else [problem["detail"]]
        return set(told) <= BEYOND_SCHEMAS
    if isinstance(failure, AcceptedNegativeData) and case.meta is not None:
        broken = {
            (*mutation.keywords, mutation.schema_pointer.rpartition("/")[2])
            for mutation in getattr(case.meta.phase.data, "mutations", ())
        }
        return bool(broken) and broken <= {("format", name) for name in FORMATTED}
    return False
