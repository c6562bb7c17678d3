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


async def pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def all_of(store: FileStore, key: str, start: int = 0, end: int = len(LONG)) -> bytes:
    return b"".join([piece async for piece in await store.read(key, start, end)])


async def listed(store: FileStore, prefix: str = "") -> list[StoredObject]:
    return sorted([found async for found in store.list(prefix)], key=lambda found: found.key)


class FileStoreContract:
    """What every FileStore must do. An adapter's suite overrides `store`, which is empty."""

    @pytest.fixture
    def store(self) -> FileStore:
        raise NotImplementedError

    @pytest.mark.parametrize("content", [b"x", b"\x00\xff", LONG], ids=len)
    async def test_what_is_put_is_read(self, store: FileStore, content: bytes) -> None:
        await store.put(KEY, pieces(content))

        assert await all_of(store, KEY, 0, len(content)) == content

    @pytest.mark.parametrize(
        ("start", "end"),
        [(0, 1), (5, 6), (0, 700_000), (262_144, 262_145), (1000, len(LONG)), (len(LONG) - 1, len(LONG))],
    )
    async def test_a_part_of_it_is_read(self, store: FileStore, start: int, end: int) -> None:
        await store.put(KEY, pieces(LONG, 100_000))

        assert await all_of(store, KEY, start, end) == LONG[start:end]

    async def test_what_is_put_again_is_replaced(self, store: FileStore) -> None:
        await store.put(KEY, pieces(LONG))
        await store.put(KEY, pieces(b"new"))

        assert await all_of(store, KEY, 0, 3) == b"new"
        assert [found.size for found in await listed(store)] == [3]

    async def test_what_was_never_put_or_is_removed_is_not_found(self, store: FileStore) -> None:
        await store.put(KEY, pieces(b"x"))
        await store.put(OTHER, pieces(b"y"))
        await store.remove(KEY)

        with pytest.raises(FileNotFound):
            await all_of(store, KEY)
        assert await all_of(store, OTHER, 0, 1) == b"y"

    async def test_removing_is_done_also_where_nothing_is(self, store: FileStore) -> None:
        await store.put(KEY, pieces(b"x"))
        for _ in range(2):
            await store.remove(KEY, OTHER)
        await store.remove()

        assert await listed(store) == []

    async def test_an_owner_may_come_back_after_the_last_of_their_objects_went(self, store: FileStore) -> None:
        for _ in range(2):
            await store.put(KEY, pieces(b"x"))
            await store.remove(KEY)
        await asyncio.gather(*(store.put(f"{KEY}{n}", pieces(b"x")) for n in range(5)), store.remove(KEY))

        assert len(await listed(store)) == 5

    async def test_all_are_listed_or_those_below_a_segment(self, store: FileStore) -> None:
        before = datetime.now(UTC)
        await store.put(KEY, pieces(LONG))
        await store.put(OTHER, pieces(b"y"))

        assert [(found.key, found.size) for found in await listed(store)] == [(KEY, len(LONG)), (OTHER, 1)]
        assert [found.key for found in await listed(store, OTHER.partition("/")[0])] == [OTHER]
        assert await listed(store, OTHER.partition("/")[0][:-1]) == []
        for found in await listed(store):
            assert abs(found.modified_at - before) < timedelta(minutes=1)

    async def test_nothing_is_to_be_seen_before_all_is_there_nor_after_a_failure(self, store: FileStore) -> None:
        seen: list[object] = []

        async def broken() -> AsyncIterator[bytes]:
            async for piece in pieces(LONG):
                yield piece
            with pytest.raises(FileNotFound):
                await all_of(store, KEY)
            seen.append(...)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.put(KEY, broken())
        assert seen
        assert await listed(store) == []

    async def test_nor_after_it_was_cancelled(self, store: FileStore) -> None:
        waiting = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            async for piece in pieces(LONG):
                yield piece
            waiting.set()
            await asyncio.Event().wait()

        putting = asyncio.create_task(store.put(KEY, endless()))
        await waiting.wait()
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
        assert await listed(store) == []

    async def test_of_several_put_under_one_name_one_is_there_as_a_whole(self, store: FileStore) -> None:
        contents = [bytes([n]) * 300_000 for n in range(5)]
        await asyncio.gather(*(store.put(KEY, pieces(content)) for content in contents))

        assert await all_of(store, KEY, 0, 300_000) in contents
        assert len(await listed(store)) == 1

    async def test_it_can_be_reached(self, store: FileStore) -> None:
        await store.check()
