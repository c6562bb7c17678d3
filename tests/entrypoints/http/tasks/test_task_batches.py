"""Batches of up to 100 tasks: all changes are stored, or none."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import (
    BULK,
    TASKS,
    UNKNOWN,
    Json,
    SettableClock,
    breaches,
    create,
    create_all,
    get,
    in_memory,
)

OTHER: Final = UNKNOWN.replace("0000", "0001")
WRONG_IDS: Final[dict[str, Any]] = {
    "none": [],
    "101": [f"{n:08x}{UNKNOWN[8:]}" for n in range(101)],
    "no list": UNKNOWN,
    "null": None,
    "no uuid": ["x"],
    "a number": [5],
    "a null": [None],
    "no hyphens": [UNKNOWN.replace("-", "")],
    "braces": [f"{{{UNKNOWN}}}"],
    "NUL": [f"{UNKNOWN}\x00"],
}


async def everything(client: AsyncClient) -> list[Json]:
    items: list[Json] = (await client.get(TASKS, params={"limit": 100, "sort_order": "asc"})).json()["items"]
    return items


async def test_tasks_are_created_in_the_given_order(ann: AsyncClient) -> None:
    given = [{"title": f" {n} ", "priority": "high", "tags": ["B", "a"]} for n in range(99)] + [{"title": "x"}]
    response = await ann.post(BULK, json={"tasks": given})
    items = response.json()["items"]

    assert response.status_code == 201
    assert [task["title"] for task in items] == [*map(str, range(99)), "x"]
    assert items[0] == items[0] | {"priority": "high", "tags": ["a", "b"], "status": "pending", "version": 1}
    assert {UUID(task["id"]).version for task in items} == {7}
    assert await everything(ann) == items


@in_memory
@pytest.mark.parametrize("tasks", [[], [{"title": "x"}] * 101, {"title": "x"}, None, "x"])
async def test_a_batch_creates_1_to_100_tasks(ann: AsyncClient, tasks: object) -> None:
    assert breaches(await ann.post(BULK, json={"tasks": tasks})) == {("body", "tasks")}
    assert await everything(ann) == []


async def test_an_invalid_task_is_reported_by_index_and_none_is_created(ann: AsyncClient) -> None:
    given: list[Any] = [{"title": f"{n}"} for n in range(10)]
    given[3] = {"title": " ", "priority": "urgent"}
    given[5] = {"description": "No title"}
    given[7] = {"title": "x", "status": "pending", "completed": True}
    given[9] = 5
    places = breaches(await ann.post(BULK, json={"tasks": given}))

    assert ("body", "tasks", 3, "title") in places
    assert ("body", "tasks", 3, "priority") in places
    assert ("body", "tasks", 5, "title") in places
    assert {place[2] for place in places} == {3, 5, 7, 9}
    assert await everything(ann) == []


async def test_edited_tasks_are_returned_in_the_requested_order(ann: AsyncClient, clock: SettableClock) -> None:
    made = await create_all(ann, *[{"title": f"{n}", "description": "Kept"} for n in range(5)])
    clock.advance(timedelta(minutes=1))
    asked = [made[n] for n in (3, 0, 4)]
    updates = {"completed": True, "priority": "low", "tags": ["Done"], "due_date": "2026-03-05"}
    response = await ann.patch(BULK, json={"task_ids": [task["id"] for task in asked], "updates": updates})

    later = "2026-03-04T12:01:00Z"
    changed = {"status": "completed", "completed_at": later, "updated_at": later, "version": 2, "tags": ["done"]}
    assert response.status_code == 200
    assert response.json()["items"] == [task | updates | changed for task in asked]
    assert await everything(ann) == [await get(ann, task) if task in asked else task for task in made]
    assert [await get(ann, task) for task in asked] == response.json()["items"]


async def test_a_batch_edits_and_deletes_a_hundred_tasks(ann: AsyncClient) -> None:
    ids = [task["id"] for task in await create_all(ann, *[{"title": "x"}] * 100)]
    kept = await create(ann)
    response = await ann.patch(BULK, json={"task_ids": ids[::-1], "updates": {"title": "y"}})
    assert [task["id"] for task in response.json()["items"]] == ids[::-1]
    response = await ann.request("DELETE", BULK, json={"task_ids": ids})
    assert (response.status_code, response.content) == (204, b"")
    assert await everything(ann) == [kept]


@pytest.mark.parametrize(("method", "more"), [("PATCH", {"updates": {"title": "Changed"}}), ("DELETE", {})])
class TestEditAndDelete:
    async def test_unknown_ids_are_reported_and_nothing_changes(
        self, ann: AsyncClient, ben: AsyncClient, method: str, more: Json
    ) -> None:
        foreign, mine = await create(ben), await create(ann)
        ids = [mine["id"], UNKNOWN, foreign["id"], OTHER]
        response = await ann.request(method, BULK, json={"task_ids": ids, **more})

        assert response.status_code == 404
        assert response.json()["error_code"] == "TASK_NOT_FOUND"
        assert response.json()["task_ids"] == [UNKNOWN, foreign["id"], OTHER]
        assert await everything(ann) == [mine]
        assert await everything(ben) == [foreign]

    @in_memory
    @pytest.mark.parametrize("ids", WRONG_IDS.values(), ids=WRONG_IDS)
    async def test_a_batch_requires_1_to_100_ids(self, ann: AsyncClient, method: str, more: Json, ids: object) -> None:
        places = breaches(await ann.request(method, BULK, json={"task_ids": ids, **more}))
        assert {place[:2] for place in places} == {("body", "task_ids")}

    @in_memory
    async def test_a_duplicate_id_is_refused_in_any_spelling(self, ann: AsyncClient, method: str, more: Json) -> None:
        task = await create(ann)
        for again in (task["id"], task["id"].upper()):
            body = {"task_ids": [task["id"], again], **more}
            assert breaches(await ann.request(method, BULK, json=body)) == {("body", "task_ids")}
        assert await everything(ann) == [task]


@in_memory
@pytest.mark.parametrize(
    "updates",
    [None, [], {"title": None}, {"title": ""}, {"status": "pending", "completed": True}, {"id": OTHER}, {"tags": [""]}],
)
async def test_invalid_updates_are_refused(ann: AsyncClient, updates: object) -> None:
    task = await create(ann)
    places = breaches(await ann.patch(BULK, json={"task_ids": [task["id"]], "updates": updates}))
    assert {place[:2] for place in places} == {("body", "updates")}
    assert await everything(ann) == [task]


async def test_null_clears_a_field_of_all_tasks(ann: AsyncClient) -> None:
    ids = [
        task["id"]
        for task in await create_all(ann, *[{"title": "x", "description": "y", "due_date": "2026-03-05"}] * 2)
    ]
    response = await ann.patch(BULK, json={"task_ids": ids, "updates": {"description": None, "due_date": None}})
    assert [(task["description"], task["due_date"]) for task in response.json()["items"]] == [(None, None)] * 2


async def test_reopening_changes_only_completed_tasks(ann: AsyncClient) -> None:
    made = await create_all(ann, *[{"title": s, "status": s} for s in ("completed", "in_progress", "cancelled")])
    body = {"task_ids": [task["id"] for task in made], "updates": {"completed": False}}
    items = (await ann.patch(BULK, json=body)).json()["items"]
    assert [task["status"] for task in items] == ["pending", "in_progress", "cancelled"]
    assert items[1:] == made[1:]
