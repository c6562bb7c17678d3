from typing import Final

from adapters.redis.server import RedisServer, RedisUnavailable

PREFIX: Final = "task-manager/cache/"


class RedisCache:
    """A cache that all processes with the same Redis server share. While Redis is down, every read is a miss."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def get(self, key: str) -> bytes | None:
        try:
            value: bytes | None = await self._server.call(lambda: self._server.client.get(PREFIX + key))
        except RedisUnavailable:
            return None
        return value

    async def put(self, key: str, value: bytes, *, seconds: int) -> None:
        try:
            await self._server.call(lambda: self._server.client.set(PREFIX + key, value, ex=seconds))
        except RedisUnavailable:
            return
