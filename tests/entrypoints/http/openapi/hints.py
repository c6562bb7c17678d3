"""Hints for the generator: valid values, and rules that an OpenAPI document cannot express."""

from collections.abc import Mapping
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import RejectedPositiveData

from tests.entrypoints.http.declarations import inlined
from tests.entrypoints.http.declarations import operations as operations_of
from tests.support.strategies import ZONES

MAILBOX: Final = "mailbox"
ENTITY_TAGS: Final = "entity-tags"
OTHER_ENTITY_TAGS: Final = "other-entity-tags"
"""Tags that no resource has: a change with If-None-Match and the current tag is always refused."""

FORMATTED: Final = ("password", "confirm_password", "email", "If-Match", "If-None-Match")
"""Formats that only help to generate values. Other values may be valid too."""

Examples = Mapping[str, Mapping[str, Any]]
"""Values of the parameters and the `body` of an operation, or of the fields of a schema."""

BEYOND_SCHEMAS: Final = frozenset(
    {
        "password and confirm_password must be equal",
        "completed must be true if and only if the status is completed",
        "this idempotency key was used for a request with other content",
        "at least one field must be present besides current_password",
        "changing your e-mail address requires your password",
        "use either cursor or skip, not both",
        "token is invalid, expired or already used",
        "the cursor is damaged",
        "the cursor is damaged, or it belongs to other filters or to another order",
        "task must have at most 20 tags",  # together with its existing tags
        "tag must have 1 to 50 characters",  # after normalisation, like the next one
        "tag must be visible text without comma, slash and control characters, and not . or ..",
    }
)
"""Refusals that depend on two values, on stored data, or on values that only the service can create."""


def register_formats() -> None:
    no_name = st.text("àáâãäåæçèéêëìíîï", min_size=4, max_size=120)  # not part of an e-mail address
    schemathesis.openapi.format("password", no_name.map("Ññ7¿".__add__))
    schemathesis.openapi.format("timezone", st.sampled_from(ZONES))
    word = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
    schemathesis.openapi.format(MAILBOX, st.builds("{}@{}.example".format, word, word))
    version = st.integers(1, 9).map('"{}"'.format)
    some = st.lists(version | version.map("W/{}".format), min_size=1, max_size=3).map(", ".join)
    schemathesis.openapi.format(ENTITY_TAGS, st.just("*") | version | some)
    schemathesis.openapi.format(OTHER_ENTITY_TAGS, st.integers(1001, 1009).map('"{}"'.format))


def with_hints(document: dict[str, Any], examples: Examples) -> dict[str, Any]:
    """Return the document with `examples` of existing values and with the formats above.

    The patterns alone are complete, but generating values from them is slow.
    """
    document = without_examples(inlined(document))
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
                    is_refused = parameter["name"] == "If-None-Match" and method != "get"
                    parameter["schema"]["format"] = OTHER_ENTITY_TAGS if is_refused else ENTITY_TAGS
                if example := examples.get(f"{method.upper()} {path}", {}).get(parameter["name"]):
                    parameter["schema"]["examples"] = [example]
            if body := examples.get(f"{method.upper()} {path}", {}).get("body"):
                operation["requestBody"]["content"]["application/json"]["example"] = body
    for name, schema in schemas.items():
        for field, example in examples.get(name, {}).items():
            schema["properties"][field]["examples"] = [example]
    return document


def without_examples(document: dict[str, Any]) -> dict[str, Any]:
    """Remove the examples. They name resources that do not exist, and the generator would use nothing else."""
    for _, operation in operations_of(document):
        for part in (*operation.get("parameters", ()), *operation.get("requestBody", {}).get("content", {}).values()):
            part.pop("example", None)
    return document


def is_beyond_schemas(failure: Failure, case: Case[Any], response: Response) -> bool:
    """Return whether this is not a failure: the document cannot express the rule or the format."""
    if isinstance(failure, RejectedPositiveData) and response.status_code == 415:
        return bool(response.json()["error_code"] == "UNSUPPORTED_FILE_TYPE")
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
        problem = response.json()
        messages = [error["message"] for error in problem["errors"]] if "errors" in problem else [problem["detail"]]
        return set(messages) <= BEYOND_SCHEMAS
    if isinstance(failure, AcceptedNegativeData) and case.meta is not None:
        broken = {
            (*mutation.keywords, mutation.schema_pointer.rpartition("/")[2])
            for mutation in getattr(case.meta.phase.data, "mutations", ())
        }
        return bool(broken) and broken <= {("format", name) for name in FORMATTED}
    return False
