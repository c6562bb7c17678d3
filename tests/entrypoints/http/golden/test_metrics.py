"""Metrics keep their names, types and labels: dashboards and alerts depend on them."""

import re

import pytest
from httpx2 import AsyncClient

from tests.documentation.metrics import documented_metrics

from .goldens import golden


@pytest.fixture
def storage_settings() -> dict[str, str]:
    return {"storage": "sql", "database_url": "sqlite+aiosqlite:///file-of-the-test"}


@pytest.fixture
def options(sqlite_url: str) -> dict[str, str]:
    return {"database_url": sqlite_url}


async def exported(client: AsyncClient) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the types of all metrics, and the labels of all samples."""
    await client.get("/api/v1/tasks")
    await client.get("/nowhere")
    exposition = (await client.get("/monitoring/metrics")).text
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", exposition, re.MULTILINE))
    labels = {
        name: sorted(re.findall(r'(\w+)="', found or ""))
        for name, found in re.findall(r"^(\w+)(\{.*\})? [\d.e+-]+$", exposition, re.MULTILINE)
    }
    return types, labels


async def test_metrics_keep_their_names_types_and_labels(ann: AsyncClient) -> None:
    types, labels = await exported(ann)

    expected = golden("metrics")
    assert {name: types.get(name) for name in expected["types"]} == expected["types"]
    assert {name: labels.get(name) for name in expected["labels"]} == expected["labels"]


async def test_the_guide_lists_every_metric_with_its_labels(ann: AsyncClient) -> None:
    types, labels = await exported(ann)
    listed = documented_metrics()

    assert listed.keys() == types.keys()
    assert {name: listed[name] for name in labels.keys() & listed.keys()} == {
        name: set(found) for name, found in labels.items() if name in listed
    }
