from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import ME, TASKS, Json, SettableClock, create, get, in_memory, path_of

LATER: Final = "2026-03-04T12:01:00Z"
CHANGES: Final[list[tuple[Json, Json]]] = [
    ({"title": " Feed the cat "}, {"title": "Feed the cat"}),
    ({"description": ""}, {"description": ""}),
    ({"description": " Twice\n"}, {"description": " Twice\n"}),
    ({"priority": "critical"}, {"priority": "critical"}),
    ({"status": "in_progress"}, {"status": "in_progress"}),
    ({"status": "cancelled", "completed": False}, {"status": "cancelled"}),
    ({"status": "completed"}, {"status": "completed", "completed": True, "completed_at": LATER}),
    ({"completed": True}, {"status": "completed", "completed": True, "completed_at": LATER}),
    ({"tags": ["b", "A", "\uff41"]}, {"tags": ["a", "b"]}),
    ({"tags": []}, {"tags": []}),
    ({"due_date": "2026-03-05"}, {"due_date": "2026-03-05"}),
]
DUE_DATES: Final = {
    "2026-03-04": "2026-03-04",
    "0001-01-01": "0001-01-01",
    "9999-12-31": "9999-12-31",
    "2026-03-04T12:00:00Z": "2026-03-04T12:00:00Z",
    "2026-03-04T12:00:00+02:00": "2026-03-04T10:00:00Z",
    "2026-03-04T00:30:00+23:59": "2026-03-03T00:31:00Z",
    "2026-03-04T12:00:00-00:00": "2026-03-04T12:00:00Z",
    "2026-03-04t12:00:00z": "2026-03-04T12:00:00Z",
    "2026-03-04T12:00:00.5Z": "2026-03-04T12:00:00.500000Z",
    "2026-03-04T12:00:00.123456Z": "2026-03-04T12:00:00.123456Z",
    "2026-03-04T00:00:00Z": "2026-03-04T00:00:00Z",
    "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
}


async def test_a_created_task_is_returned_with_every_field(ann: AsyncClient) -> None:
    response = await ann.post(TASKS, json={"title": "\t Water the plants \n"})
    task = response.json()

    assert response.status_code == 201
    assert UUID(task["id"]).version == 7
    assert response.headers["Location"] == path_of(task)
    assert response.headers["ETag"] == '"1"'
    assert task == {
        "id": task["id"],
        "owner_id": (await ann.get(ME)).json()["id"],
        "title": "Water the plants",
        "description": None,
        "status": "pending",
        "completed": False,
        "priority": "medium",
        "due_date": None,
        "tags": [],
        "created_at": "2026-03-04T12:00:00Z",
        "updated_at": "2026-03-04T12:00:00Z",
        "completed_at": None,
        "version": 1,
    }
    assert await get(ann, task) == task


async def test_a_task_can_be_created_with_all_fields(ann: AsyncClient) -> None:
    fields: Json = {
        "title": "\U0001f600" * 255,
        "description": "\u200b" + "\xe9" * 1999,
        "status": "completed",
        "completed": True,
        "priority": "low",
        "due_date": "2026-03-04",
        "tags": [f"tag {n:02}" for n in range(20)],
    }
    task = await create(ann, **fields)

    assert task == task | fields | {"completed_at": task["created_at"]}
    assert await get(ann, task) == task


@in_memory
@pytest.mark.parametrize(
    "title", ["x", "\u200bx", "a\u202eb", "'; drop table tasks; --", "<script>", "{}", "null", "\x01x", "\ufdfa" * 255]
)
async def test_a_title_must_contain_a_visible_character(ann: AsyncClient, title: str) -> None:
    assert (await get(ann, await create(ann, title)))["title"] == title


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_an_edit_keeps_fields_that_it_does_not_name(
    ann: AsyncClient, clock: SettableClock, subtests: pytest.Subtests, method: str
) -> None:
    fields: Json = {"description": "Before", "due_date": "2026-03-04T13:00:00Z", "tags": ["home"]}
    for body, expected in CHANGES:
        with subtests.test(str(body)):
            task = await create(ann, **fields)
            clock.advance(timedelta(minutes=1))
            response = await ann.request(method, path_of(task), json=body)
            clock.advance(timedelta(minutes=-1))

            changed = task | {"version": 2, "updated_at": LATER} | expected
            assert response.status_code == 200
            assert response.json() == changed
            assert await get(ann, task) == changed


@in_memory
@pytest.mark.parametrize("before", ["pending", "in_progress", "completed", "cancelled"])
async def test_every_status_can_change_to_every_other(ann: AsyncClient, before: str) -> None:
    for after in ("pending", "in_progress", "completed", "cancelled"):
        task = await create(ann, status=before)
        changed = (await ann.patch(path_of(task), json={"status": after})).json()
        assert (changed["status"], changed["completed"]) == (after, after == "completed")
        assert (changed["completed_at"] is not None) == (after == "completed")


@in_memory
@pytest.mark.parametrize(
    ("before", "after"),
    [("pending", "pending"), ("in_progress", "in_progress"), ("completed", "pending"), ("cancelled", "cancelled")],
)
async def test_completed_false_reopens_only_a_completed_task(ann: AsyncClient, before: str, after: str) -> None:
    task = await create(ann, status=before)
    reopened = (await ann.patch(path_of(task), json={"completed": False})).json()
    assert (reopened["status"], reopened["completed"], reopened["completed_at"]) == (after, False, None)


async def test_completing_a_completed_task_keeps_the_completion_time(ann: AsyncClient, clock: SettableClock) -> None:
    task = await create(ann, completed=True)
    clock.advance(timedelta(minutes=1))
    for body in ({"completed": True, "title": "x"}, {"status": "completed", "title": "y"}):
        changed = (await ann.patch(path_of(task), json=body)).json()
        assert changed["completed_at"] == task["completed_at"]
        assert changed["updated_at"] == LATER


@in_memory
@pytest.mark.parametrize(
    "contradiction",
    [{"status": status, "completed": True} for status in ("pending", "in_progress", "cancelled")]
    + [{"status": "completed", "completed": False}],
)
async def test_contradictory_status_and_completed_are_refused(ann: AsyncClient, contradiction: Json) -> None:
    task = await create(ann)
    for response in (
        await ann.patch(path_of(task), json=contradiction),
        await ann.put(path_of(task), json={"title": "x", **contradiction}),
        await ann.post(TASKS, json={"title": "x", **contradiction}),
    ):
        assert response.status_code == 422
        assert response.json()["errors"][0]["type"] == "contradictory_completion"
    assert (await ann.get(TASKS)).json()["items"] == [task]


async def test_a_deleted_task_is_not_found(ann: AsyncClient) -> None:
    kept, task = await create(ann), await create(ann, tags=["home"])
    response = await ann.delete(path_of(task))

    assert (response.status_code, response.content) == (204, b"")
    for response in (
        await ann.get(path_of(task)),
        await ann.delete(path_of(task)),
        await ann.patch(path_of(task), json={"title": "x"}),
    ):
        assert response.status_code == 404
        assert response.json()["error_code"] == "TASK_NOT_FOUND"
    assert (await ann.get(TASKS)).json()["items"] == [kept]


async def test_a_due_date_keeps_its_type(ann: AsyncClient, subtests: pytest.Subtests) -> None:
    for given, answered in DUE_DATES.items():
        with subtests.test(given):
            task = await create(ann, due_date=given)
            assert task["due_date"] == answered
            assert (await get(ann, task))["due_date"] == answered
            assert (await ann.patch(path_of(task), json={"due_date": answered})).json()["version"] == 1
