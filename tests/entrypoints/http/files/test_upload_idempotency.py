"""An upload that has to be sent again happens once."""

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
    return [found.key async for found in container.file_store().list()]


async def test_it_is_answered_alike_and_its_bytes_are_kept_once(ann: AsyncClient, container: Container) -> None:
    task = await create(ann)
    first = await upload(ann, task_id=task["id"])
    again = await upload(ann, task_id=task["id"])

    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["Location"]) == (first.content, first.headers["Location"])
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert (await ann.get(FILES)).json()["total"] == len(await keys(container)) == 1


async def test_it_is_answered_alike_when_its_task_and_itself_are_gone(ann: AsyncClient) -> None:
    task = await create(ann)
    first = await upload(ann, task_id=task["id"])
    assert (await ann.delete(path_of(task))).status_code == 204
    assert (await upload(ann, task_id=task["id"])).content == first.content
    assert (await ann.get(FILES)).json()["total"] == 0


@pytest.mark.parametrize("changed", [{"content": b"other"}, {"name": "other.txt"}, {"task_id": ""}])
async def test_a_key_stands_for_one_content_name_and_task(
    ann: AsyncClient, container: Container, changed: dict[str, Any]
) -> None:
    task = await create(ann)
    await upload(ann)
    answer = await upload(ann, **(changed if "task_id" not in changed else {"task_id": task["id"]}))
    assert (answer.status_code, answer.json()["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await ann.get(FILES)).json()["total"] == len(await keys(container)) == 1


async def test_of_twenty_at_once_one_happens(ann: AsyncClient, container: Container) -> None:
    answers = await asyncio.gather(*(upload(ann) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert (await ann.get(FILES)).json()["total"] == len(await keys(container)) == 1


async def test_a_refusal_is_not_kept(ann: AsyncClient) -> None:
    assert (await upload(ann, b"")).status_code == 422
    assert (await upload(ann, b"now something")).status_code == 201


class TestWithoutRoom:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"files_quota_bytes": 8}

    async def test_what_was_done_needs_no_room_to_be_told_again(self, ann: AsyncClient) -> None:
        first = await upload(ann, b"12345678")
        assert first.status_code == 201
        assert (await upload(ann, b"12345678")).content == first.content
        answer = await ann.post(FILES, files={"file": ("more.txt", b"1")})
        assert answer.json()["error_code"] == "QUOTA_EXCEEDED"
