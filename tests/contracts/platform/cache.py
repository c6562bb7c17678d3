import asyncio
from typing import Final

import pytest

from application.platform.cache import Cache

BYTES: Final = bytes(range(256))


class CacheContract:
    """What every cache must do. The test suite of an adapter overrides the `cache` fixture."""

    @pytest.fixture
    def cache(self) -> Cache:
        raise NotImplementedError

    async def test_a_cached_value_is_returned(self, cache: Cache) -> None:
        await cache.put("key/ü", BYTES, seconds=60)
        await cache.put("another", b"", seconds=60)
        assert await cache.get("key/ü") == BYTES
        assert await cache.get("another") == b""

    async def test_a_missing_key_is_a_miss(self, cache: Cache) -> None:
        assert await cache.get("nothing") is None

    async def test_a_later_value_replaces_an_earlier_one(self, cache: Cache) -> None:
        for value in (b"1", b"2"):
            await cache.put("key", value, seconds=60)
        assert await cache.get("key") == b"2"

    async def test_an_entry_expires(self, cache: Cache) -> None:
        await cache.put("key", b"1", seconds=1)
        assert await cache.get("key") == b"1"
        await asyncio.sleep(1.1)
        assert await cache.get("key") is None
