from collections.abc import AsyncIterator
from datetime import UTC, datetime

from application.files.ports import StoredObject
from domain.errors import FileNotFound


class InMemoryFileStore:
    """Keep contents in this process, for tests and development."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, datetime]] = {}

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        content = bytearray()
        async for chunk in chunks:
            content += chunk
        self._objects[key] = bytes(content), datetime.now(UTC)

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        if key not in self._objects:
            raise FileNotFound
        return _read_chunks(self._objects[key][0][start:end])

    async def remove(self, *keys: str) -> None:
        for key in keys:
            self._objects.pop(key, None)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        for key, (content, modified_at) in tuple(self._objects.items()):
            if not prefix or key.startswith(f"{prefix}/"):
                yield StoredObject(key, len(content), modified_at)

    async def check(self) -> None:
        pass


async def _read_chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content
