"""Files may be away while all else is there, and somebody else's store may keep them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from dependency_injector import providers
from httpx2 import AsyncClient

from adapters.memory.files.store import InMemoryFileStore
from application.files.ports import FileStoreUnavailable
from entrypoints.http.app import create_app
from entrypoints.wiring.container import Container
from tests.entrypoints.http.given import FILES, content_of, create, in_memory, upload
from tests.servers.s3 import environment, new_bucket, s3_server

pytestmark = in_memory


class SometimesAway(InMemoryFileStore):
    is_away = False
    is_closed = False

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        self._be_there()
        await super().put(key, chunks)

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        self._be_there()
        return await super().read(key, start, end)

    async def remove(self, *keys: str) -> None:
        self._be_there()
        await super().remove(*keys)

    async def check(self) -> None:
        self._be_there()

    async def close(self) -> None:
        self.is_closed = True

    def _be_there(self) -> None:
        if self.is_away:
            raise FileStoreUnavailable


class TestAStoreThatIsAway:
    @pytest.fixture
    def store(self) -> SometimesAway:
        return SometimesAway()

    @pytest.fixture
    def container(self, container: Container, store: SometimesAway) -> Container:
        container.file_store.override(providers.Object(store))
        return container

    async def test_it_is_told_and_all_else_goes_on(
        self, ann: AsyncClient, container: Container, store: SometimesAway
    ) -> None:
        kept, gone = await upload(ann), await upload(ann)
        store.is_away = True
        for answer in (await ann.post(FILES, files={"file": ("x.txt", b"x")}), await content_of(ann, kept)):
            assert (answer.status_code, answer.json()["error_code"]) == (503, "SERVICE_UNAVAILABLE")
        await create(ann)
        assert (await ann.get(FILES)).json()["total"] == 2
        assert (await ann.delete(f"{FILES}/{gone['id']}")).status_code == 204
        await container.job_worker().work()

        store.is_away = False
        assert (await content_of(ann, kept)).content == b"hello"
        await upload(ann)

    async def test_requests_are_welcome_without_it(self, client: AsyncClient, store: SometimesAway) -> None:
        for is_away, status in ((False, "healthy"), (True, "degraded")):
            store.is_away = is_away
            answer = await client.get("/monitoring/health")
            assert (answer.status_code, answer.json()["checks"]["storage"]["status"]) == (200, status)

    async def test_it_is_closed_with_the_service(self, container: Container, store: SometimesAway) -> None:
        app = create_app(container)
        async with app.router.lifespan_context(app):
            assert not store.is_closed
        assert store.is_closed


class TestS3:
    @pytest.fixture
    def options(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
        with s3_server() as address:
            for name, value in environment(address).items():
                monkeypatch.setenv(name, value)
            yield {"files_url": f"s3://{new_bucket(address)}/files"}

    async def test_files_may_lie_in_a_bucket(self, ann: AsyncClient, container: Container) -> None:
        content = b"x" * 3_000_000
        kept, gone = await upload(ann, content=content), await upload(ann)
        assert (await content_of(ann, kept)).content == content
        part = await content_of(ann, kept, headers={"Range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, b"xxxxx")
        assert (await ann.delete(f"{FILES}/{gone['id']}")).status_code == 204
        while await container.job_worker().work():
            pass

        assert [found.size async for found in container.file_store().list()] == [len(content)]
