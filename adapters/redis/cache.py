from typing import Final

from adapters.redis.server import RedisServer, Unreachable

PREFIX: Final = "task-manager/cache/"


class RedisCache:
    """Known to all processes that share a Redis server; while that is away, to nobody."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def get(self, key: str) -> bytes | None:
        try:
            found: bytes | None = await self._server.ask(lambda: self._server.client.get(PREFIX + key))
        except Unreachable:
            return None
        return found

    async def put(self, key: str, value: bytes, *, seconds: int) -> None:
        try:
            await self._server.ask(lambda: self._server.client.set(PREFIX + key, value, ex=seconds))
        except Unreachable:
            return
