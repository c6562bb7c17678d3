import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.redis.server import RedisServer, RedisUnavailable
from tests.servers.valkey import ValkeyServer

HANG_TIMEOUT = 30.0


async def test_the_loss_and_the_return_of_the_server_are_logged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.redis.circuit_breaker.COOL_DOWN", 0.01)

    async def answers(server: RedisServer) -> bool:
        try:
            await server.call(server.client.ping)
        except RedisUnavailable:
            return False
        return True

    with capture_logs() as logs, ValkeyServer() as valkey:
        async with RedisServer(valkey.url) as server, asyncio.timeout(HANG_TIMEOUT):
            assert await answers(server)
            valkey.stop()
            for _ in range(20):
                assert not await answers(server)
                await asyncio.sleep(0.005)
            valkey.start()
            is_back = False
            while not is_back:
                await asyncio.sleep(0.005)
                is_back = await answers(server)
    assert logs == [
        {"event": "redis_lost", "log_level": "warning"},
        {"event": "redis_returned", "log_level": "warning"},
    ]
