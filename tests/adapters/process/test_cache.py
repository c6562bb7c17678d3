import pytest

from adapters.process.cache import InProcessCache
from application.platform.cache import Cache
from tests.contracts.platform.cache import CacheContract


class TestInProcessCache(CacheContract):
    @pytest.fixture
    def cache(self) -> Cache:
        return InProcessCache()


async def test_the_least_recently_used_entry_is_evicted_when_the_cache_is_full() -> None:
    cache = InProcessCache(max_entries=2)
    for key in ("a", "b"):
        await cache.put(key, b"1", seconds=60)
    await cache.get("a")
    await cache.put("c", b"1", seconds=60)
    assert [await cache.get(key) for key in ("a", "b", "c")] == [b"1", None, b"1"]
