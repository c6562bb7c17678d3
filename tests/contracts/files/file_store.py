import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from application.files.ports import FileStore, StoredObject
from domain.errors import FileNotFound

KEY: Final = "01900000-0000-7000-8000-000000000001/01900000-0000-7000-8000-000000000002"
OTHER: Final = "01900000-0000-7000-8000-000000000003/01900000-0000-7000-8000-000000000004"
LONG: Final = bytes(range(256)) * 4096 * 3


async def chunks_of(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def all_of(store: FileStore, key: str, start: int = 0, end: int = len(LONG)) -> bytes:
    return b"".join([chunk async for chunk in await store.read(key, start, end)])


async def listed(store: FileStore, prefix: str = "") -> list[StoredObject]:
    return sorted([stored async for stored in store.list(prefix)], key=lambda stored: stored.key)


class FileStoreContract:
    """What every file store must do. The test suite of an adapter overrides `store` with an empty one."""

    @pytest.fixture
    def store(self) -> FileStore:
        raise NotImplementedError

    @pytest.mark.parametrize("content", [b"x", b"\x00\xff", LONG], ids=len)
    async def test_stored_content_is_returned(self, store: FileStore, content: bytes) -> None:
        await store.put(KEY, chunks_of(content))

        assert await all_of(store, KEY, 0, len(content)) == content

    @pytest.mark.parametrize(
        ("start", "end"),
        [(0, 1), (5, 6), (0, 700_000), (262_144, 262_145), (1000, len(LONG)), (len(LONG) - 1, len(LONG))],
    )
    async def test_a_range_of_the_content_is_returned(self, store: FileStore, start: int, end: int) -> None:
        await store.put(KEY, chunks_of(LONG, 100_000))

        assert await all_of(store, KEY, start, end) == LONG[start:end]

    async def test_a_second_put_replaces_the_content(self, store: FileStore) -> None:
        await store.put(KEY, chunks_of(LONG))
        await store.put(KEY, chunks_of(b"new"))

        assert await all_of(store, KEY, 0, 3) == b"new"
        assert [stored.size for stored in await listed(store)] == [3]

    async def test_missing_and_removed_objects_are_not_found(self, store: FileStore) -> None:
        await store.put(KEY, chunks_of(b"x"))
        await store.put(OTHER, chunks_of(b"y"))
        await store.remove(KEY)

        with pytest.raises(FileNotFound):
            await all_of(store, KEY)
        assert await all_of(store, OTHER, 0, 1) == b"y"

    async def test_removing_a_missing_object_succeeds(self, store: FileStore) -> None:
        await store.put(KEY, chunks_of(b"x"))
        for _ in range(2):
            await store.remove(KEY, OTHER)
        await store.remove()

        assert await listed(store) == []

    async def test_an_object_can_be_added_after_the_last_one_was_removed(self, store: FileStore) -> None:
        for _ in range(2):
            await store.put(KEY, chunks_of(b"x"))
            await store.remove(KEY)
        await asyncio.gather(*(store.put(f"{KEY}{n}", chunks_of(b"x")) for n in range(5)), store.remove(KEY))

        assert len(await listed(store)) == 5

    async def test_objects_are_listed_all_or_by_first_segment(self, store: FileStore) -> None:
        before = datetime.now(UTC)
        await store.put(KEY, chunks_of(LONG))
        await store.put(OTHER, chunks_of(b"y"))

        assert [(stored.key, stored.size) for stored in await listed(store)] == [(KEY, len(LONG)), (OTHER, 1)]
        assert [stored.key for stored in await listed(store, OTHER.partition("/")[0])] == [OTHER]
        assert await listed(store, OTHER.partition("/")[0][:-1]) == []
        for stored in await listed(store):
            assert abs(stored.modified_at - before) < timedelta(minutes=1)

    async def test_an_incomplete_or_failed_put_is_not_visible(self, store: FileStore) -> None:
        was_checked = False

        async def broken() -> AsyncIterator[bytes]:
            nonlocal was_checked
            async for chunk in chunks_of(LONG):
                yield chunk
            with pytest.raises(FileNotFound):
                await all_of(store, KEY)
            was_checked = True
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.put(KEY, broken())
        assert was_checked
        assert await listed(store) == []

    async def test_a_cancelled_put_is_not_visible(self, store: FileStore) -> None:
        waiting = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            async for chunk in chunks_of(LONG):
                yield chunk
            waiting.set()
            await asyncio.Event().wait()

        putting = asyncio.create_task(store.put(KEY, endless()))
        await waiting.wait()
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
        assert await listed(store) == []

    async def test_concurrent_puts_under_one_key_store_one_of_them_completely(self, store: FileStore) -> None:
        contents = [bytes([n]) * 300_000 for n in range(5)]
        await asyncio.gather(*(store.put(KEY, chunks_of(content)) for content in contents))

        assert await all_of(store, KEY, 0, 300_000) in contents
        assert len(await listed(store)) == 1

    async def test_the_store_can_be_checked(self, store: FileStore) -> None:
        await store.check()
