"""`Idempotency-Key` on uploads: a repeated upload takes effect once."""

import asyncio
from typing import Any, Final

import pytest
from httpx2 import AsyncClient, Response

from entrypoints.wiring.container import Container
from tests.entrypoints.http.given import FILES, create, path_of

KEY: Final = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REPLAYED: Final = "Idempotency-Replayed"


async def upload(client: AsyncClient, content: bytes = b"hello", name: str = "notes.txt", **fields: str) -> Response:
    return await client.post(FILES, files={"file": (name, content)}, data=fields, headers={"Idempotency-Key": KEY})


async def keys(container: Container) -> list[str]:
    return [stored.key async for stored in container.file_store().list()]


async def test_a_repeated_upload_gets_the_stored_response_and_is_stored_once(
    ann: AsyncClient, container: Container
) -> None:
    task = await create(ann)
    first = await upload(ann, task_id=task["id"])
    again = await upload(ann, task_id=task["id"])

    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["Location"]) == (first.content, first.headers["Location"])
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert (await ann.get(FILES)).json()["total"] == len(await keys(container)) == 1


async def test_a_repeated_upload_gets_the_stored_response_after_its_removal(ann: AsyncClient) -> None:
    task = await create(ann)
    first = await upload(ann, task_id=task["id"])
    assert (await ann.delete(path_of(task))).status_code == 204
    assert (await upload(ann, task_id=task["id"])).content == first.content
    assert (await ann.get(FILES)).json()["total"] == 0


@pytest.mark.parametrize("changed", [{"content": b"other"}, {"name": "other.txt"}, {"task_id": ""}])
async def test_a_key_is_bound_to_content_name_and_task(
    ann: AsyncClient, container: Container, changed: dict[str, Any]
) -> None:
    task = await create(ann)
    await upload(ann)
    response = await upload(ann, **(changed if "task_id" not in changed else {"task_id": task["id"]}))
    assert (response.status_code, response.json()["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await ann.get(FILES)).json()["total"] == len(await keys(container)) == 1


async def test_one_of_twenty_concurrent_uploads_is_stored(ann: AsyncClient, container: Container) -> None:
    responses = await asyncio.gather(*(upload(ann) for _ in range(20)))
    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.content for response in responses if response.status_code == 201}) == 1
    assert (await ann.get(FILES)).json()["total"] == len(await keys(container)) == 1


async def test_a_refusal_is_not_stored(ann: AsyncClient) -> None:
    assert (await upload(ann, b"")).status_code == 422
    assert (await upload(ann, b"now something")).status_code == 201


class TestExhaustedQuota:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"files_quota_bytes": 4096}

    async def test_a_stored_response_is_replayed_when_the_quota_is_exhausted(self, ann: AsyncClient) -> None:
        first = await upload(ann, b"12345678")
        assert first.status_code == 201
        assert (await upload(ann, b"12345678")).content == first.content
        response = await ann.post(FILES, files={"file": ("more.txt", b"1")})
        assert response.json()["error_code"] == "QUOTA_EXCEEDED"
