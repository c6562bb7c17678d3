from typing import Any

from httpx2 import AsyncClient

from tests.entrypoints.http.given import TASKS, UNKNOWN, Json, account_of, anonymised, create, get, path_of


async def history(client: AsyncClient, task: Json, **query: Any) -> Json:
    response = await client.get(f"{path_of(task)}/history", params=query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    return page


async def test_history_lists_who_changed_what_and_when_newest_first(ann: AsyncClient) -> None:
    task = await create(ann, "Water the plants", due_date="2026-03-05", tags=["Home"])
    changed = await ann.patch(path_of(task), json={"due_date": "2026-03-05T09:00:00+01:00", "completed": True})
    page = await history(ann, task)

    assert {name: value for name, value in page.items() if name != "items"} == {
        "total": 2,
        "total_capped": False,
        "skip": 0,
        "limit": 20,
        "next_cursor": None,
    }
    newest, first = page["items"]
    actor = (await account_of(ann))["id"]
    assert (newest["action"], newest["actor_id"], newest["at"]) == ("updated", actor, changed.json()["updated_at"])
    assert newest["changes"] == {
        "status": {"old": "pending", "new": "completed"},
        "due_date": {"old": "2026-03-05", "new": "2026-03-05T08:00:00Z"},
    }
    assert changed.json()["due_date"] == newest["changes"]["due_date"]["new"]
    assert (first["action"], first["at"]) == ("created", task["created_at"])
    assert first["changes"]["tags"] == {"old": None, "new": ["home"]}


async def test_history_is_paged(ann: AsyncClient) -> None:
    task = await create(ann)
    for n in range(4):
        await ann.patch(path_of(task), json={"title": f"{n}"})
    first = await history(ann, task, limit=2)
    rest = await history(ann, task, limit=3, cursor=first["next_cursor"])
    skipped = await history(ann, task, skip=2)

    assert (first["total"], rest["total"], rest["skip"], rest["next_cursor"]) == (5, None, None, None)
    assert first["items"] + rest["items"] == (await history(ann, task))["items"]
    assert skipped["items"] == rest["items"]
    for query in ({"limit": 0}, {"cursor": "x"}, {"cursor": first["next_cursor"], "skip": 1}, {"sort_by": "at"}):
        assert (await ann.get(f"{path_of(task)}/history", params=query)).status_code == 422


async def test_the_history_of_another_users_task_is_not_found(ann: AsyncClient, ben: AsyncClient) -> None:
    task = await create(ann)
    responses = [await ben.get(f"{TASKS}/{id}/history") for id in (task["id"], UNKNOWN)]
    assert responses[0].json()["error_code"] == "TASK_NOT_FOUND"
    assert anonymised(responses[0]) == anonymised(responses[1])


async def test_history_is_exported_and_removed_with_its_task(ann: AsyncClient) -> None:
    task, deleted = await create(ann, "Kept"), await create(ann, "Gone")
    await ann.patch(path_of(task), json={"title": "Changed"})
    assert (await ann.delete(path_of(deleted))).status_code == 204
    exported = (await ann.get("/api/v1/users/me/export")).json()["history"]

    assert {change["task_id"] for change in exported} == {task["id"]}
    entries = (await history(ann, task))["items"]
    assert [{name: change[name] for name in entries[0]} for change in exported] == entries[::-1]
    assert (await ann.get(f"{path_of(deleted)}/history")).status_code == 404
    assert (await get(ann, task))["version"] == 2
