from hashlib import sha256
from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from adapters.files.local import LocalFileStore
from application.files.keys import STORE_ID_KEY
from domain.files.file import File
from entrypoints.wiring.container import Container
from tests.entrypoints.http.given import (
    EXPORT,
    FILES,
    ME,
    PASSWORD,
    UNKNOWN,
    anonymised,
    breaches,
    content_of,
    create,
    in_memory,
    path_of,
    upload,
)
from tests.support.contents import BAD, GOOD, TYPES

NOT_MODIFIED: Final = 304


async def test_a_file_is_stored_with_its_metadata(ann: AsyncClient) -> None:
    task = await create(ann)
    response = await ann.post(FILES, files={"file": ("C:\\notes.txt", b"hello")}, data={"task_id": task["id"]})

    assert response.status_code == 201
    file = response.json()
    assert response.headers["Location"] == f"{FILES}/{file['id']}"
    assert file == {
        "id": file["id"],
        "task_id": task["id"],
        "filename": "notes.txt",
        "content_type": "text/plain",
        "size": 5,
        "sha256": sha256(b"hello").hexdigest(),
        "created_at": "2026-03-04T12:00:00Z",
    }
    assert (await ann.get(response.headers["Location"])).json() == file


@in_memory
async def test_a_text_in_an_unknown_encoding_is_returned_without_charset(ann: AsyncClient) -> None:
    file = await upload(ann, "notes.txt", b"Gr\xfc\xdfe")
    response = await content_of(ann, file)

    assert (response.content, response.headers["Content-Type"]) == (b"Gr\xfc\xdfe", "text/plain")
    assert file["content_type"] == "text/plain"


@in_memory
@pytest.mark.parametrize("filename", GOOD)
async def test_every_file_type_is_returned_unchanged(ann: AsyncClient, filename: str) -> None:
    response = await content_of(ann, await upload(ann, filename, GOOD[filename]))

    assert response.content == GOOD[filename]
    media_type = TYPES[filename.rpartition(".")[2].lower()]
    charset = "; charset=utf-8" if media_type == "text/plain" else ""
    assert response.headers["Content-Type"] == media_type + charset
    assert response.headers["Content-Length"] == str(len(GOOD[filename]))
    assert response.headers["Content-Disposition"] == f'attachment; filename="{filename}"'
    assert response.headers["Content-Security-Policy"] == "sandbox"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Accept-Ranges"] == "bytes"


@in_memory
@pytest.mark.parametrize(("filename", "content"), BAD, ids=range(len(BAD)))
async def test_content_that_does_not_match_the_extension_is_refused(
    ann: AsyncClient, filename: str, content: bytes
) -> None:
    response = await ann.post(FILES, files={"file": (filename, content)})

    assert response.status_code == 415
    assert response.json()["error_code"] == "UNSUPPORTED_FILE_TYPE"
    assert (await ann.get(FILES)).json()["total"] == 0


async def test_files_are_listed_newest_first_and_by_task(ann: AsyncClient, ben: AsyncClient) -> None:
    task = await create(ann)
    files = [await upload(ann, f"{n}.txt", task_id=task["id"]) for n in range(3)] + [await upload(ann)]
    await upload(ben)

    page = (await ann.get(FILES, params={"limit": 3})).json()
    assert (page["items"], page["total"], page["skip"], page["limit"]) == (files[:0:-1], 4, 0, 3)
    rest = (await ann.get(FILES, params={"limit": 3, "cursor": page["next_cursor"]})).json()
    assert (rest["items"], rest["total"], rest["next_cursor"]) == (files[:1], None, None)
    assert (await ann.get(FILES, params={"task_id": task["id"]})).json()["items"] == files[2::-1]
    assert (await ann.get(FILES, params={"task_id": UNKNOWN})).json()["items"] == []
    assert breaches(await ann.get(FILES, params={"task_id": "1"})) == {("query", "task_id")}
    other = await ann.get(FILES, params={"task_id": task["id"], "cursor": page["next_cursor"]})
    assert breaches(other) == {("query", "cursor")}


async def test_files_and_tasks_of_other_users_are_not_found(ann: AsyncClient, ben: AsyncClient) -> None:
    task, file = await create(ann), await upload(ann)
    for method, suffix in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        foreign, unknown, odd = [
            await ben.request(method, f"{FILES}/{id}{suffix}") for id in (file["id"], UNKNOWN, "no-uuid")
        ]
        assert foreign.status_code == odd.status_code == 404
        assert foreign.json()["error_code"] == odd.json()["error_code"] == "FILE_NOT_FOUND"
        assert anonymised(foreign) == anonymised(unknown)
    sent = {"file": ("notes.txt", b"hello")}
    foreign, unknown = [await ben.post(FILES, files=sent, data={"task_id": id}) for id in (task["id"], UNKNOWN)]
    assert foreign.json()["error_code"] == "TASK_NOT_FOUND"
    assert anonymised(foreign) == anonymised(unknown)
    assert (await content_of(ann, file)).content == b"hello"


class TestRemoval:
    async def stored(self, container: Container) -> int:
        """Run all due jobs. Return the number of stored contents."""
        while await container.services().job_worker.work():
            pass
        store = container.file_store()
        assert isinstance(store, LocalFileStore)
        return len([stored async for stored in store.list() if stored.key != STORE_ID_KEY])

    async def test_deleting_a_file_removes_its_content(self, ann: AsyncClient, container: Container) -> None:
        removed, kept = await upload(ann), await upload(ann)
        assert (await ann.delete(f"{FILES}/{removed['id']}")).status_code == 204
        assert (await ann.delete(f"{FILES}/{removed['id']}")).status_code == 404
        assert (await content_of(ann, removed)).status_code == 404
        assert (await ann.get(FILES)).json()["items"] == [kept]

        assert await self.stored(container) == 1

    async def test_deleting_a_task_removes_its_files(self, ann: AsyncClient, container: Container) -> None:
        tasks = [await create(ann) for _ in range(3)]
        files = [await upload(ann, task_id=task["id"]) for task in tasks]
        assert (await ann.delete(path_of(tasks[0]))).status_code == 204
        bulk = {"task_ids": [tasks[1]["id"]]}
        assert (await ann.request("DELETE", "/api/v1/tasks/bulk", json=bulk)).status_code == 204

        assert (await ann.get(FILES)).json()["items"] == files[2:]
        assert await self.stored(container) == 1

    async def test_erasing_an_account_removes_its_files(
        self, ann: AsyncClient, ben: AsyncClient, container: Container
    ) -> None:
        task = await create(ann)
        await upload(ann, task_id=task["id"])
        await upload(ann)
        await upload(ben)
        assert (await ann.request("DELETE", ME, json={"password": PASSWORD})).status_code == 204

        assert await self.stored(container) == 1

    async def test_a_file_without_content_is_not_found(self, ann: AsyncClient, container: Container) -> None:
        file = await upload(ann)
        store = container.file_store()
        await store.remove(*[stored.key async for stored in store.list()])

        assert (await content_of(ann, file)).json()["error_code"] == "FILE_NOT_FOUND"


async def test_an_export_contains_the_files(ann: AsyncClient) -> None:
    files = [await upload(ann) for _ in range(2)]
    assert (await ann.get(EXPORT)).json()["files"] == files[::-1]


class TestSizes:
    @in_memory
    async def test_a_file_larger_than_5_mib_is_refused(self, ann: AsyncClient) -> None:
        file = await upload(ann, content=b"x" * File.MAX_SIZE)
        assert file["size"] == File.MAX_SIZE
        for size in (File.MAX_SIZE + 1, 2 * File.MAX_SIZE):
            response = await ann.post(FILES, files={"file": ("notes.txt", b"x" * size)})
            assert response.status_code == 413
            assert response.json()["error_code"] == "PAYLOAD_TOO_LARGE"
        assert (await ann.get(FILES)).json()["items"] == [file]

    async def test_an_empty_file_is_refused(self, ann: AsyncClient) -> None:
        response = await ann.post(FILES, files={"file": ("notes.txt", b"")})
        assert breaches(response) == {("body", "file")}
        assert response.json()["error_code"] == "EMPTY_FILE"

    class TestQuota:
        @pytest.fixture
        def options(self) -> dict[str, Any]:
            return {"files_quota_bytes": 3 * File.BLOCK_SIZE}

        async def test_files_of_one_user_are_limited_by_the_quota(self, ann: AsyncClient, ben: AsyncClient) -> None:
            two_blocks = b"x" * (File.BLOCK_SIZE + 1)
            file = await upload(ann, content=two_blocks)
            response = await ann.post(FILES, files={"file": ("notes.txt", two_blocks)})
            assert response.status_code == 413
            assert response.json()["error_code"] == "QUOTA_EXCEEDED"
            await upload(ann, content=b"1")
            assert (await ann.post(FILES, files={"file": ("notes.txt", b"1")})).status_code == 413
            await upload(ben, content=two_blocks)
            assert (await ann.delete(f"{FILES}/{file['id']}")).status_code == 204
            await upload(ann, content=two_blocks)
