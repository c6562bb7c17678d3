"""Outages of the file store, and files in S3."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from dependency_injector import providers
from httpx2 import AsyncClient

from adapters.memory.files.store import InMemoryFileStore
from application.files.ports import FileStoreUnavailable
from entrypoints.wiring.container import Container
from tests.entrypoints.http.given import FILES, content_of, create, in_memory, upload
from tests.servers.s3 import environment, new_bucket, s3_server

pytestmark = in_memory


class UnreliableFileStore(InMemoryFileStore):
    is_down = False

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        self._require_available()
        await super().put(key, chunks)

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        self._require_available()
        return await super().read(key, start, end)

    async def remove(self, *keys: str) -> None:
        self._require_available()
        await super().remove(*keys)

    async def check(self) -> None:
        self._require_available()

    def _require_available(self) -> None:
        if self.is_down:
            raise FileStoreUnavailable


class TestUnavailableFileStore:
    @pytest.fixture
    def store(self) -> UnreliableFileStore:
        return UnreliableFileStore()

    @pytest.fixture
    def container(self, container: Container, store: UnreliableFileStore) -> Container:
        container.file_store.override(providers.Object(store))
        return container

    async def test_uploads_and_downloads_return_503_and_everything_else_works(
        self, ann: AsyncClient, container: Container, store: UnreliableFileStore
    ) -> None:
        kept, removed = await upload(ann), await upload(ann)
        store.is_down = True
        for response in (await ann.post(FILES, files={"file": ("x.txt", b"x")}), await content_of(ann, kept)):
            assert (response.status_code, response.json()["error_code"]) == (503, "SERVICE_UNAVAILABLE")
        await create(ann)
        assert (await ann.get(FILES)).json()["total"] == 2
        assert (await ann.delete(f"{FILES}/{removed['id']}")).status_code == 204
        await container.services().job_worker.work()

        store.is_down = False
        assert (await content_of(ann, kept)).content == b"hello"
        await upload(ann)

    async def test_readiness_is_degraded_without_the_file_store(
        self, client: AsyncClient, store: UnreliableFileStore
    ) -> None:
        for is_down, status in ((False, "healthy"), (True, "degraded")):
            store.is_down = is_down
            response = await client.get("/monitoring/health")
            assert (response.status_code, response.json()["checks"]["storage"]["status"]) == (200, status)


class TestS3:
    @pytest.fixture
    def options(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
        with s3_server() as address:
            for name, value in environment(address).items():
                monkeypatch.setenv(name, value)
            yield {"files_url": f"s3://{new_bucket(address)}/files"}

    async def test_files_can_be_stored_in_a_bucket(self, ann: AsyncClient, container: Container) -> None:
        content = b"x" * 3_000_000
        kept, removed = await upload(ann, content=content), await upload(ann)
        assert (await content_of(ann, kept)).content == content
        part = await content_of(ann, kept, headers={"Range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, b"xxxxx")
        assert (await ann.delete(f"{FILES}/{removed['id']}")).status_code == 204
        while await container.services().job_worker.work():
            pass

        assert [stored.size async for stored in container.file_store().list()] == [len(content)]
