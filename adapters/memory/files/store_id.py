from typing import Final

from adapters.memory.engine.transaction import Staged, WriteLock
from application.files.ports import FileStoreId

_ROW: Final = 1
"""The key of the only row."""


class InMemoryFileStoreIdRepository:
    def __init__(self, ids: Staged[int, FileStoreId], lock: WriteLock) -> None:
        self._ids = ids
        self._lock = lock

    async def find(self) -> FileStoreId | None:
        return self._ids.get(_ROW)

    async def add(self, store_id: FileStoreId) -> None:
        await self._lock.acquire()
        if self._ids.get(_ROW) is None:
            self._ids.put(_ROW, store_id)
