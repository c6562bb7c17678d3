"""The OpenAPI document keeps its structure. Only its texts for people and its examples may change."""

from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.declarations import inlined

from .goldens import golden

TEXTS: Final = ("description", "summary", "title", "example")


@pytest.fixture
def storage_settings() -> dict[str, str]:
    return {"storage": "memory"}


async def test_the_openapi_document_keeps_its_structure(client: AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    assert structure(document) == golden("openapi")


def structure(document: dict[str, Any]) -> Any:
    """Return the document without texts, and with shared parts in the place of references to them."""
    document = inlined(document)
    for kind in ("parameters", "responses", "headers"):
        del document["components"][kind]
    return without_texts(document)


def without_texts(node: Any, *, names_follow: bool = False) -> Any:
    """Return the node without descriptions, summaries, titles and examples, but with properties of these names."""
    if isinstance(node, list):
        return [without_texts(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: without_texts(value, names_follow=key in ("properties", "schemas", "headers", "responses"))
        for key, value in node.items()
        if names_follow or key not in TEXTS
    }
