"""Cursors made by version 1 still work, and only for the list that they were made for."""

from typing import Any, Final
from urllib.parse import parse_qsl

import pytest
from httpx2 import AsyncClient

from .goldens import golden

OTHER_LISTS: Final = {
    "/api/v1/tasks": "search=another",
    "/api/v1/users": "search=another",
    "/api/v1/files": "task_id=01890000-0000-7000-8000-000000000000",
}


@pytest.fixture
def storage_settings() -> dict[str, str]:
    return {"storage": "memory"}


@pytest.mark.parametrize("recorded", golden("cursors"), ids=lambda recorded: recorded["query"] or recorded["path"])
async def test_cursors_of_version_1_are_accepted(recorded: dict[str, Any], ada: AsyncClient) -> None:
    path, query, cursor = recorded["path"], recorded["query"], recorded["cursor"]

    response = await ada.get(path, params={"cursor": cursor, **dict(parse_qsl(query))})

    assert response.status_code == (404 if path.endswith("/history") else 200), response.text
    if other := OTHER_LISTS.get(path):
        refused = await ada.get(path, params={"cursor": cursor, **dict(parse_qsl(other))})
        assert refused.json()["errors"] == [
            {"loc": ["query", "cursor"], "message": refused.json()["errors"][0]["message"], "type": "invalid_cursor"}
        ]
