from hashlib import sha256
from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from adapters.files.local import LocalFileStore
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


async def test_a_file_is_kept_with_what_is_told_about_it(ann: AsyncClient) -> None:
    task = await create(ann)
    answer = await ann.post(FILES, files={"file": ("C:\\notes.txt", b"hello")}, data={"task_id": task["id"]})

    assert answer.status_code == 201
    file = answer.json()
    assert answer.headers["Location"] == f"{FILES}/{file['id']}"
    assert file == {
        "id": file["id"],
        "task_id": task["id"],
        "filename": "notes.txt",
        "content_type": "text/plain",
        "size": 5,
        "sha256": sha256(b"hello").hexdigest(),
        "created_at": "2026-03-04T12:00:00Z",
    }
    assert (await ann.get(answer.headers["Location"])).json() == file


@in_memory
@pytest.mark.parametrize("filename", GOOD)
async def test_each_kind_comes_back_as_it_was(ann: AsyncClient, filename: str) -> None:
    answer = await content_of(ann, await upload(ann, filename, GOOD[filename]))

    assert answer.content == GOOD[filename]
    media_type = TYPES[filename.rpartition(".")[2].lower()]
    assert answer.headers["Content-Type"].removesuffix("; charset=utf-8") == media_type
    assert answer.headers["Content-Length"] == str(len(GOOD[filename]))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{filename}"'
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Accept-Ranges"] == "bytes"


@in_memory
@pytest.mark.parametrize(("filename", "content"), BAD, ids=range(len(BAD)))
async def test_what_is_not_what_its_name_says_is_refused(ann: AsyncClient, filename: str, content: bytes) -> None:
    answer = await ann.post(FILES, files={"file": (filename, content)})

    assert answer.status_code == 415
    assert answer.json()["error_code"] == "UNSUPPORTED_FILE_TYPE"
    assert (await ann.get(FILES)).json()["total"] == 0


async def test_they_are_listed_newest_first_and_by_task(ann: AsyncClient, ben: AsyncClient) -> None:
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


async def test_a_foreign_file_or_task_is_an_unknown_one(ann: AsyncClient, ben: AsyncClient) -> None:
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


class TestRemoving:
    async def stored(self, container: Container) -> int:
        """After the jobs that are due."""
        while await container.job_worker().work():
            pass
        store = container.file_store()
        assert isinstance(store, LocalFileStore)
        return len([found async for found in store.list()])

    async def test_a_file_goes_with_its_bytes(self, ann: AsyncClient, container: Container) -> None:
        gone, kept = await upload(ann), await upload(ann)
        assert (await ann.delete(f"{FILES}/{gone['id']}")).status_code == 204
        assert (await ann.delete(f"{FILES}/{gone['id']}")).status_code == 404
        assert (await content_of(ann, gone)).status_code == 404
        assert (await ann.get(FILES)).json()["items"] == [kept]

        assert await self.stored(container) == 1

    async def test_it_goes_with_its_task(self, ann: AsyncClient, container: Container) -> None:
        tasks = [await create(ann) for _ in range(3)]
        files = [await upload(ann, task_id=task["id"]) for task in tasks]
        assert (await ann.delete(path_of(tasks[0]))).status_code == 204
        bulk = {"task_ids": [tasks[1]["id"]]}
        assert (await ann.request("DELETE", "/api/v1/tasks/bulk", json=bulk)).status_code == 204

        assert (await ann.get(FILES)).json()["items"] == files[2:]
        assert await self.stored(container) == 1

    async def test_it_goes_with_its_owner(self, ann: AsyncClient, ben: AsyncClient, container: Container) -> None:
        task = await create(ann)
        await upload(ann, task_id=task["id"])
        await upload(ann)
        await upload(ben)
        assert (await ann.request("DELETE", ME, json={"password": PASSWORD})).status_code == 204

        assert await self.stored(container) == 1

    async def test_bytes_that_are_missing_are_a_file_that_is_missing(
        self, ann: AsyncClient, container: Container
    ) -> None:
        file = await upload(ann)
        store = container.file_store()
        await store.remove(*[found.key async for found in store.list()])

        assert (await content_of(ann, file)).json()["error_code"] == "FILE_NOT_FOUND"


async def test_an_export_tells_of_them(ann: AsyncClient) -> None:
    files = [await upload(ann) for _ in range(2)]
    assert (await ann.get(EXPORT)).json()["files"] == files[::-1]


class TestSizes:
    @in_memory
    async def test_a_file_has_at_most_5_mib(self, ann: AsyncClient) -> None:
        file = await upload(ann, content=b"x" * File.MAX_SIZE)
        assert file["size"] == File.MAX_SIZE
        for size in (File.MAX_SIZE + 1, 2 * File.MAX_SIZE):
            answer = await ann.post(FILES, files={"file": ("notes.txt", b"x" * size)})
            assert answer.status_code == 413
            assert answer.json()["error_code"] == "PAYLOAD_TOO_LARGE"
        assert (await ann.get(FILES)).json()["items"] == [file]

    async def test_an_empty_one_is_refused(self, ann: AsyncClient) -> None:
        answer = await ann.post(FILES, files={"file": ("notes.txt", b"")})
        assert breaches(answer) == {("body", "file")}
        assert answer.json()["error_code"] == "EMPTY_FILE"

    class TestTogether:
        @pytest.fixture
        def options(self) -> dict[str, Any]:
            return {"files_quota_bytes": 10}

        async def test_they_have_at_most_the_quota(self, ann: AsyncClient, ben: AsyncClient) -> None:
            file = await upload(ann, content=b"1234567")
            answer = await ann.post(FILES, files={"file": ("notes.txt", b"1234")})
            assert answer.status_code == 413
            assert answer.json()["error_code"] == "QUOTA_EXCEEDED"
            await upload(ann, content=b"890")
            assert (await ann.post(FILES, files={"file": ("notes.txt", b"1")})).status_code == 413
            await upload(ben, content=b"1234567890")
            assert (await ann.delete(f"{FILES}/{file['id']}")).status_code == 204
            await upload(ann, content=b"1234567")
