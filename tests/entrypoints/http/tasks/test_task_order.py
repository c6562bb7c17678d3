from datetime import timedelta
from typing import Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import TASKS, Json, SettableClock, create, path_of, titles

GIVEN: Final[list[Json]] = [
    {"title": "pear", "priority": "high", "due_date": "2026-03-05", "status": "completed"},
    {"title": "Apple", "priority": "low", "due_date": None, "status": "pending"},
    {"title": "\xc9clair", "priority": "critical", "due_date": "2026-03-05T23:59:59.999998Z", "status": "cancelled"},
    {"title": "apple", "priority": "medium", "due_date": None, "status": "in_progress"},
    {"title": "STRASSE", "priority": "low", "due_date": "2026-03-06T00:00:00Z", "status": "pending"},
    {"title": "Stra\xdfe", "priority": "high", "due_date": "2026-03-04", "status": "in_progress"},
]
PEAR, BIG_APPLE, ECLAIR, APPLE, BIG_STREET, STREET = [task["title"] for task in GIVEN]
ASCENDING: Final = {
    "created_at": [PEAR, BIG_APPLE, ECLAIR, APPLE, BIG_STREET, STREET],
    "updated_at": [BIG_APPLE, ECLAIR, APPLE, BIG_STREET, STREET, PEAR],
    "priority": [BIG_APPLE, BIG_STREET, APPLE, PEAR, STREET, ECLAIR],
    "status": [BIG_APPLE, BIG_STREET, APPLE, STREET, PEAR, ECLAIR],
    "title": [BIG_APPLE, APPLE, PEAR, BIG_STREET, STREET, ECLAIR],
}
BY_DUE_DATE: Final = {
    "asc": [STREET, ECLAIR, PEAR, BIG_STREET, BIG_APPLE, APPLE],
    "desc": [BIG_STREET, PEAR, ECLAIR, STREET, APPLE, BIG_APPLE],
}


@pytest.fixture
async def ann(ann: AsyncClient, clock: SettableClock) -> AsyncClient:
    """Ann with some tasks. Her first task was changed last."""
    tasks = []
    for fields in GIVEN:
        clock.advance(timedelta(seconds=1))
        tasks.append(await create(ann, **fields))
    clock.advance(timedelta(seconds=1))
    await ann.patch(path_of(tasks[0]), json={"description": "Changed"})
    return ann


async def test_a_list_is_sorted_by_every_field_in_both_directions(ann: AsyncClient, subtests: pytest.Subtests) -> None:
    """Ties are sorted by id in the same direction."""
    for field, expected in ASCENDING.items():
        with subtests.test(field):
            assert await titles(ann, sort_by=field, sort_order="asc") == expected
            assert await titles(ann, sort_by=field, sort_order="desc") == expected[::-1]
            assert await titles(ann, sort_by=field) == expected[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_tasks_without_due_date_come_last_in_both_directions(ann: AsyncClient, order: str) -> None:
    assert await titles(ann, sort_by="due_date", sort_order=order) == BY_DUE_DATE[order]


async def test_a_list_is_sorted_newest_first_by_default(ann: AsyncClient) -> None:
    assert await titles(ann) == ASCENDING["created_at"][::-1]
    assert await titles(ann, sort_order="asc") == ASCENDING["created_at"]


async def test_ids_created_at_the_same_instant_are_in_order(ann: AsyncClient) -> None:
    made = [(await create(ann, f"{n}"))["id"] for n in range(20)]
    response = await ann.get(TASKS, params={"limit": 20})
    assert [task["id"] for task in response.json()["items"]] == made[::-1]
    assert made == sorted(made)
