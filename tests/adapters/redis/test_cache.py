from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.redis.cache import RedisCache
from adapters.redis.server import RedisServer
from application.platform.cache import Cache
from tests.contracts.platform.cache import CacheContract
from tests.servers.valkey import ValkeyServer


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncIterator[RedisServer]:
    async with RedisServer(valkey.url) as server:
        yield server


class TestRedisCache(CacheContract):
    @pytest.fixture
    def cache(self, redis: RedisServer) -> Cache:
        return RedisCache(redis)

    async def test_all_processes_share_the_cache(self, cache: Cache, valkey: ValkeyServer) -> None:
        await cache.put("key", b"1", seconds=60)
        async with RedisServer(valkey.url) as other:
            assert await RedisCache(other).get("key") == b"1"

    @pytest.mark.parametrize("fail", [ValkeyServer.stop, ValkeyServer.pause], ids=["dead", "hung"])
    async def test_every_read_is_a_miss_while_redis_is_unavailable(
        self, cache: Cache, valkey: ValkeyServer, fail: object
    ) -> None:
        await cache.put("key", b"1", seconds=60)
        assert callable(fail)
        fail(valkey)
        assert await cache.get("key") is None
        await cache.put("key", b"2", seconds=60)
        assert await cache.get("key") is None
