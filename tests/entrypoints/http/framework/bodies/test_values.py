"""The structure of bodies in general."""

import json
from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import (
    BULK,
    LOGIN,
    ME,
    PASSWORD,
    REGISTER,
    TAGS,
    TASKS,
    UNKNOWN,
    Json,
    an_account,
    breaches,
    create,
    get,
    in_memory,
    path_of,
)

pytestmark = in_memory

JSON: Final = {"Content-Type": "application/json"}

BODIES: Final[list[tuple[str, str, Json]]] = [
    ("POST", TASKS, {"title": "New"}),
    ("PATCH", f"{TASKS}/{UNKNOWN}", {"title": "New"}),
    ("PUT", f"{TASKS}/{UNKNOWN}", {"title": "New"}),
    ("POST", BULK, {"tasks": [{"title": "New"}]}),
    ("PATCH", BULK, {"task_ids": [UNKNOWN], "updates": {"title": "New"}}),
    ("DELETE", BULK, {"task_ids": [UNKNOWN]}),
    ("PATCH", f"{TAGS}/home", {"name": "house"}),
    ("POST", REGISTER, an_account("dora")),
    ("POST", LOGIN, {"username": "ann", "password": PASSWORD}),
]
UNNAMED: Final[Json] = {
    "id": UNKNOWN,
    "owner_id": UNKNOWN,
    "role": "admin",
    "is_active": True,
    "version": 1,
    "created_at": "2026-03-04T12:00:00Z",
    "completed_at": None,
    "due": None,
    "Title": "x",
    "": "x",
    "__class__": "x",
    "x\x00": 1,
}
SHAPES: Final[list[Any]] = [None, [], "text", 5, 1e300, True, [[]], [{"title": "New"}], {}]


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
async def test_an_unknown_field_is_refused(
    ann: AsyncClient, subtests: pytest.Subtests, method: str, path: str, body: Json
) -> None:
    for name, value in UNNAMED.items():
        with subtests.test(ascii(name)):
            assert breaches(await ann.request(method, path, json=body | {name: value})) == {("body", name)}

    assert (await ann.get(TASKS)).json()["total"] == 0
    assert (await ann.get(ME)).json()["role"] == "user"


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
async def test_a_body_that_is_not_an_object_is_refused(
    ann: AsyncClient, subtests: pytest.Subtests, method: str, path: str, body: Json
) -> None:
    for wrong in [*SHAPES, [body], {"body": body}]:
        with subtests.test(str(wrong)):
            response = await ann.request(method, path, content=json.dumps(wrong), headers=JSON)
            assert {place[0] for place in breaches(response)} == {"body"}


@pytest.mark.parametrize(("method", "path"), [*(row[:2] for row in BODIES), ("POST", f"{TASKS}/{UNKNOWN}/tags")])
async def test_a_missing_body_is_refused(ann: AsyncClient, method: str, path: str) -> None:
    assert breaches(await ann.request(method, path)) == {("body",)}
    assert breaches(await ann.request(method, path, headers=JSON | {"Content-Length": "0"})) == {("body",)}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_null_clears_a_field_and_absence_keeps_it(ann: AsyncClient, method: str) -> None:
    task = await create(ann, description="Before", due_date="2026-03-04", tags=["home"], priority="high")
    for field in ("description", "due_date"):
        response = await ann.request(method, path_of(task), json={field: None})
        assert response.json() == task | {field: None, "version": task["version"] + 1}
        task = response.json()


async def test_an_empty_edit_is_refused(ann: AsyncClient) -> None:
    task = await create(ann)
    for method, path, body in (
        ("PATCH", path_of(task), {}),
        ("PUT", path_of(task), {}),
        ("PATCH", BULK, {"task_ids": [task["id"]], "updates": {}}),
    ):
        assert len(breaches(await ann.request(method, path, json=body))) == 1
    assert await get(ann, task) == task
