"""REQUIRE_IF_MATCH=true: each change must name the version that it changes."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.declarations import inlined
from tests.entrypoints.http.framework.test_preconditions import WRITES
from tests.entrypoints.http.given import BULK, TAGS, TASKS, UNKNOWN, Json, create, get, in_memory, path_of

pytestmark = in_memory


@pytest.fixture
def options() -> dict[str, Any]:
    return {"require_if_match": True}


@pytest.fixture
async def task(ann: AsyncClient) -> Json:
    return await create(ann, tags=["home"])


@pytest.mark.parametrize(("method", "suffix", "request_"), WRITES)
async def test_a_change_without_if_match_is_refused(
    ann: AsyncClient, task: Json, method: str, suffix: str, request_: dict[str, Any]
) -> None:
    path = path_of(task) + suffix
    response = await ann.request(method, path, **request_)
    assert response.status_code == 428
    assert response.json()["error_code"] == "PRECONDITION_REQUIRED"
    assert await get(ann, task) == task
    for field, status in (("", 400), ("1", 400), ('"2"', 412)):
        assert (await ann.request(method, path, headers={"If-Match": field}, **request_)).status_code == status
    assert (await ann.request(method, path, headers={"If-Match": '"1"'}, **request_)).is_success


async def test_a_star_matches_any_version(ann: AsyncClient, task: Json) -> None:
    assert (await ann.delete(path_of(task), headers={"If-Match": "*"})).status_code == 204


async def test_reads_creations_and_batches_need_no_if_match(ann: AsyncClient, task: Json) -> None:
    ids = {"task_ids": [task["id"]]}
    assert (await ann.get(path_of(task))).status_code == 200
    assert (await ann.post(BULK, json={"tasks": [{"title": "x"}]})).status_code == 201
    assert (await ann.patch(BULK, json={**ids, "updates": {"title": "x"}})).status_code == 200
    assert (await ann.patch(f"{TAGS}/home", json={"name": "house"})).status_code == 200
    assert (await ann.delete(f"{TAGS}/house")).status_code == 204
    assert (await ann.request("DELETE", BULK, json=ids)).status_code == 204


async def test_authentication_is_checked_first(client: AsyncClient) -> None:
    assert (await client.delete(f"{TASKS}/{UNKNOWN}")).status_code == 401


async def test_the_document_declares_if_match_as_required(ann: AsyncClient) -> None:
    document = inlined((await ann.get("/openapi.json")).json())
    for path, method in (
        ("/{task_id}", "patch"),
        ("/{task_id}", "put"),
        ("/{task_id}", "delete"),
        ("/{task_id}/tags", "post"),
    ):
        operation = document["paths"][TASKS + path][method]
        assert "428" in operation["responses"]
        assert [p["required"] for p in operation["parameters"] if p["name"] == "If-Match"] == [True]
