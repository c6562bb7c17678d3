"""The OpenAPI document keeps its structure. Only its texts for people may change."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from .goldens import golden


@pytest.fixture
def storage_settings() -> dict[str, str]:
    return {"storage": "memory"}


async def test_the_openapi_document_keeps_its_structure(client: AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    assert without_texts(document) == golden("openapi")


def without_texts(node: Any, *, names_follow: bool = False) -> Any:
    """Return the node without descriptions, summaries and titles, but with properties that have such names."""
    if isinstance(node, list):
        return [without_texts(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: without_texts(value, names_follow=key in ("properties", "schemas", "headers", "responses"))
        for key, value in node.items()
        if names_follow or key not in ("description", "summary", "title")
    }
