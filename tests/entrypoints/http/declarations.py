"""Parts of the OpenAPI document."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def inlined(document: Json) -> Json:
    """Return the document with parameters, responses and headers in the place of references to them."""
    components = document["components"]

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        match str(node.get("$ref", "")).split("/"):
            case ["#", "components", "parameters" | "responses" | "headers" as kind, name]:
                return inline(components[kind][name])
        return {key: inline(value) for key, value in node.items()}

    inlined: Json = inline(document)
    return inlined


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield the name, such as `GET /health`, and the declaration of each operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation
