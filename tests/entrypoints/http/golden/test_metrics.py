"""Metrics keep their names, types and labels: dashboards and alerts depend on them."""

import re

import pytest
from httpx2 import AsyncClient

from .goldens import golden


@pytest.fixture
def storage_settings() -> dict[str, str]:
    return {"storage": "sql", "database_url": "sqlite+aiosqlite:///file-of-the-test"}


@pytest.fixture
def options(sqlite_url: str) -> dict[str, str]:
    return {"database_url": sqlite_url}


async def test_metrics_keep_their_names_types_and_labels(ann: AsyncClient) -> None:
    await ann.get("/api/v1/tasks")
    await ann.get("/nowhere")

    exposition = (await ann.get("/monitoring/metrics")).text

    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", exposition, re.MULTILINE))
    labels = {
        name: sorted(re.findall(r'(\w+)="', found or ""))
        for name, found in re.findall(r"^(\w+)(\{.*\})? [\d.e+-]+$", exposition, re.MULTILINE)
    }
    assert {"types": types, "labels": labels} == golden("metrics")
