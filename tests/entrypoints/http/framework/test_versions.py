"""Versions of tasks and lost updates."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import BULK, Json, SettableClock, create, get, path_of

FIELDS: Final[Json] = {"tags": ["home", "work"], "due_date": "2026-03-05T12:00:00Z", "title": "Water the plants"}

NO_CHANGES: Final[list[tuple[str, str, object]]] = [
    ("PATCH", "", {"title": "Water the plants"}),
    ("PUT", "", {"title": "  Water the plants\t"}),
    ("PATCH", "", {"completed": False}),
    ("PUT", "", {"status": "pending", "completed": False, "priority": "medium"}),
    ("PATCH", "", {"description": None}),
    ("PATCH", "", {"due_date": "2026-03-05T13:00:00.000+01:00"}),
    ("PATCH", "", {"tags": [" WORK", "home", "\uff37ork", "Home"]}),
    ("POST", "/tags", ["Home", "home"]),
]


async def test_a_change_creates_a_new_version_and_update_time(ann: AsyncClient, clock: SettableClock) -> None:
    task = await create(ann, **FIELDS)
    clock.advance(timedelta(minutes=1))
    response = await ann.patch(path_of(task), json={"priority": "high"})

    changed = task | {"priority": "high", "version": 2, "updated_at": "2026-03-04T12:01:00Z"}
    assert response.json() == changed
    assert await get(ann, task) == changed


async def test_an_edit_without_effect_keeps_version_and_time(
    ann: AsyncClient, clock: SettableClock, subtests: pytest.Subtests
) -> None:
    task = await create(ann, **FIELDS)
    clock.advance(timedelta(minutes=1))
    for method, suffix, body in NO_CHANGES:
        with subtests.test(f"{method} {suffix} {body}"):
            response = await ann.request(method, path_of(task) + suffix, json=body)
            assert response.json() == task
            assert response.headers["ETag"] == '"1"'
            assert await get(ann, task) == task


async def test_a_batch_edit_without_effect_keeps_version_and_time(ann: AsyncClient, clock: SettableClock) -> None:
    medium, high = await create(ann, **FIELDS), await create(ann, priority="high")
    clock.advance(timedelta(minutes=1))
    response = await ann.patch(BULK, json={"task_ids": [medium["id"], high["id"]], "updates": {"priority": "medium"}})

    same, changed = response.json()["items"]
    assert same == medium
    assert (changed["version"], changed["updated_at"]) == (2, "2026-03-04T12:01:00Z")


async def test_a_stale_edit_is_refused(ann: AsyncClient) -> None:
    task = await create(ann)
    seen = {"If-Match": (await ann.get(path_of(task))).headers["ETag"]}
    first, second = [await ann.patch(path_of(task), json={"title": title}, headers=seen) for title in ("One", "Two")]

    assert [first.status_code, second.status_code] == [200, 412]
    assert (await get(ann, task))["title"] == "One"


async def test_one_of_many_concurrent_edits_of_a_version_succeeds(ann: AsyncClient) -> None:
    task = await create(ann)

    async def rename(title: str) -> int:
        response = await ann.patch(path_of(task), json={"title": title}, headers={"If-Match": '"1"'})
        return response.status_code

    statuses = await asyncio.gather(*(rename(f"Title {n}") for n in range(8)))
    assert Counter(statuses) == {200: 1, 412: 7}
    assert (await get(ann, task))["version"] == 2


async def test_concurrent_changes_are_stored_or_refused(ann: AsyncClient) -> None:
    task: Json = await create(ann)

    async def tag(name: str) -> tuple[str, int]:
        return name, (await ann.post(f"{path_of(task)}/tags", json=[name])).status_code

    statuses = dict(await asyncio.gather(*(tag(f"tag {n}") for n in range(8))))
    assert set(statuses.values()) <= {200, 409}
    assert (await get(ann, task))["tags"] == sorted(name for name, status in statuses.items() if status == 200)
