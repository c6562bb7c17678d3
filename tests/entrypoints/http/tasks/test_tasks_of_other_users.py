"""Data of other users is indistinguishable from data that does not exist."""

from typing import Any, Final
from uuid import uuid4

import pytest
from httpx2 import AsyncClient
from structlog.testing import capture_logs

from tests.entrypoints.http.given import (
    BULK,
    FILES,
    ME,
    SESSIONS,
    TAGS,
    TASKS,
    UNKNOWN,
    USERS,
    Json,
    anonymised,
    create,
    get,
    in_memory,
    titles,
    upload,
)

ODD_UUIDS: Final = (
    UNKNOWN.replace("-", ""),
    f"{{{UNKNOWN}}}",
    f"urn:uuid:{UNKNOWN}",
    f"\uff10{UNKNOWN[1:]}",
    f"%20{UNKNOWN}",
)
NO_UUIDS: Final = ("no-uuid", "1", "%00", UNKNOWN[:-1], f"{UNKNOWN}0", UNKNOWN.replace("0", "g"), *ODD_UUIDS)

REQUESTS: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("GET", "", {}),
    ("GET", "", {"headers": {"If-None-Match": '"1"'}}),
    ("GET", "", {"headers": {"If-None-Match": "*"}}),
    ("PATCH", "", {"json": {"title": "Mine"}}),
    ("PATCH", "", {"json": {"title": "Mine"}, "headers": {"If-Match": '"1"'}}),
    ("PATCH", "", {"json": {"title": "Mine"}, "headers": {"If-Match": '"2"'}}),
    ("PATCH", "", {"json": {"title": "Mine"}, "headers": {"If-Match": "*"}}),
    ("PATCH", "", {"json": {"title": "Water the plants"}}),
    ("PUT", "", {"json": {"completed": True}}),
    ("DELETE", "", {}),
    ("DELETE", "", {"headers": {"If-Match": '"2"'}}),
    ("POST", "/tags", {"json": ["mine"]}),
    ("POST", "/tags", {"json": ["home"]}),
    ("DELETE", "/tags/home", {}),
    ("DELETE", "/tags/none", {}),
    ("DELETE", "/tags/..%2f", {}),
]


async def test_a_task_of_another_user_looks_like_an_unknown_task(
    ann: AsyncClient, ben: AsyncClient, subtests: pytest.Subtests
) -> None:
    task = await create(ann, tags=["home"])
    for method, suffix, request in REQUESTS:
        with subtests.test(f"{method} {suffix} {request}"):
            foreign, unknown = [
                await ben.request(method, f"{TASKS}/{id}{suffix}", **request) for id in (task["id"], UNKNOWN)
            ]
            assert foreign.status_code == 404
            assert anonymised(foreign) == anonymised(unknown)
    assert await get(ann, task) == task


@in_memory
async def test_requests_for_ids_of_other_users_are_logged_as_warnings(ann: AsyncClient, ben: AsyncClient) -> None:
    task = (await create(ann))["id"]
    file, user = (await upload(ann))["id"], (await ann.get(ME)).json()["id"]
    session = (await ann.get(SESSIONS)).json()["items"][0]["id"]
    requests: list[tuple[str, str, str, dict[str, Any]]] = [
        (task, "GET", f"{TASKS}/{task}", {}),
        (task, "PATCH", f"{TASKS}/{task}", {"json": {"title": "Mine"}}),
        (task, "DELETE", BULK, {"json": {"task_ids": [task]}}),
        (task, "POST", FILES, {"files": {"file": ("a.txt", b"x")}, "data": {"task_id": task}}),
        (file, "GET", f"{FILES}/{file}/content", {}),
        (file, "DELETE", f"{FILES}/{file}", {}),
        (user, "GET", f"{USERS}/{user}", {}),
        (user, "GET", f"{TASKS}?owner_id={user}", {}),
        (session, "DELETE", f"{SESSIONS}/{session}", {}),
    ]
    for id, method, path, request in requests:
        with capture_logs() as captured:
            assert (await ben.request(method, path, **request)).status_code == 404, f"{method} {path}"
        (warning,) = [event for event in captured if event["log_level"] == "warning"]
        assert (warning["event"], warning["ids"]) == ("unknown_id_requested", id)
    with capture_logs() as captured:
        await ben.get(f"{TASKS}/{uuid4()}")
        await ben.delete(f"{TAGS}/unknown")
    assert {event["log_level"] for event in captured} == {"info"}


@in_memory
@pytest.mark.parametrize("id", NO_UUIDS)
async def test_a_malformed_id_looks_like_an_unknown_task(ann: AsyncClient, id: str) -> None:
    for method, suffix, request in REQUESTS:
        if suffix != "/tags/..%2f":
            odd, unknown = [await ann.request(method, f"{TASKS}/{id}{suffix}", **request) for id in (id, UNKNOWN)]
            assert odd.status_code == 404
            assert odd.json()["error_code"] == "TASK_NOT_FOUND"
            assert odd.json()["detail"] == unknown.json()["detail"]


async def test_ids_are_accepted_in_upper_and_lower_case(ann: AsyncClient) -> None:
    task = await create(ann)
    assert (await ann.get(f"{TASKS}/{task['id'].upper()}")).json() == task


@pytest.mark.parametrize(
    ("method", "body"),
    [("PATCH", {"updates": {"title": "Mine"}}), ("PATCH", {"updates": {"priority": "medium"}}), ("DELETE", {})],
)
async def test_tasks_of_other_users_look_unknown_in_a_batch(
    ann: AsyncClient, ben: AsyncClient, method: str, body: Json
) -> None:
    anns, bens = await create(ann), await create(ben)
    foreign, unknown = [
        await ben.request(method, BULK, json={"task_ids": [bens["id"], id], **body}) for id in (anns["id"], UNKNOWN)
    ]

    assert foreign.status_code == 404
    assert foreign.json()["task_ids"] == [anns["id"]]
    assert anonymised(foreign).replace(anns["id"].encode(), UNKNOWN.encode()) == anonymised(unknown)
    assert await get(ann, anns) == anns
    assert await get(ben, bens) == bens


async def test_a_tag_of_another_user_looks_like_an_unknown_tag(ann: AsyncClient, ben: AsyncClient) -> None:
    task = await create(ann, tags=["home"])
    for method, body in (("PATCH", {"name": "mine"}), ("PATCH", {"name": "home"}), ("DELETE", None)):
        foreign, unknown = [await ben.request(method, f"{TAGS}/{tag}", json=body) for tag in ("home", "none")]
        assert foreign.status_code == 404
        assert foreign.json()["error_code"] == "TAG_NOT_FOUND"
        assert anonymised(foreign) == anonymised(unknown)
    assert await get(ann, task) == task


async def test_lists_and_statistics_contain_only_own_tasks(ann: AsyncClient, ben: AsyncClient) -> None:
    before = [await ben.get(path) for path in (TASKS, TAGS, f"{TASKS}/statistics")]
    await create(ann, "Learn to swim", tags=["home"], status="completed", due_date="2026-03-04")

    assert [anonymised(response) for response in before] == [
        anonymised(await ben.get(path)) for path in (TASKS, TAGS, f"{TASKS}/statistics")
    ]
    assert await titles(ben, search="swim") == []
    assert await titles(ben, tag="home") == []
