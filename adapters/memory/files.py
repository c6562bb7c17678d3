from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from datetime import UTC, datetime

from adapters.memory.tasks import TasksOf
from adapters.memory.transaction import Staged, WriteLock
from application.ports.files import FileSlice, StoredObject
from application.ports.position import TOTAL_CAP, Position
from domain.errors import FileNotFound, TaskNotFound, UserNotFound
from domain.file import File, FileFilter, FileId, NewestFirst
from domain.task import TaskId
from domain.user import User, UserId

_ORDER = NewestFirst()


class InMemoryFileRepository:
    def __init__(
        self, files: Staged[FileId, File], users: Staged[UserId, User], tasks: TasksOf, lock: WriteLock
    ) -> None:
        self._files = files
        self._users = users
        self._tasks = tasks
        self._lock = lock

    async def add(self, file: File) -> None:
        await self._lock.acquire()
        if self._users.get(file.owner_id) is None:
            raise UserNotFound
        if file.task_id is not None and self._tasks[file.owner_id].get(file.task_id) is None:
            raise TaskNotFound([file.task_id])
        self._files.put(file.id, file)

    async def get(self, file_id: FileId, *, owner_id: UserId) -> File:
        file = self._files.get(file_id)
        if file is None or file.owner_id != owner_id:
            raise FileNotFound
        return file

    async def find(
        self,
        filter: FileFilter,
        *,
        owner_id: UserId,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> FileSlice:
        matching = [file for file in self._of(owner_id) if filter.match(file)]
        placed = sorted(((_ORDER.key(file), file.id, file) for file in matching), reverse=True)
        if after is not None:
            placed, skip = [place for place in placed if place[:2] < (after.key, after.id)], 0
        total = min(len(matching), TOTAL_CAP + 1) if count else None
        return FileSlice([file for _, _, file in placed[skip : skip + limit]], total)

    async def of_tasks(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[File]:
        found = [file for file in self._of(owner_id) if file.task_id in task_ids]
        return sorted(found, key=lambda file: file.id)

    async def remove(self, file: File) -> None:
        await self._lock.acquire()
        await self.get(file.id, owner_id=file.owner_id)
        self._files.drop(file.id)

    async def used_bytes(self, *, owner_id: UserId, lock: bool = False) -> int:
        if lock:
            await self._lock.acquire()
            if self._users.get(owner_id) is None:
                raise UserNotFound
        return sum(file.size for file in self._of(owner_id))

    async def existing(self, file_ids: Collection[FileId], *, owner_id: UserId) -> set[FileId]:
        return {file.id for file in self._of(owner_id)} & set(file_ids)

    def _of(self, owner_id: UserId) -> Iterator[File]:
        return (file for file in self._files.values() if file.owner_id == owner_id)


class InMemoryFileStore:
    """Bytes in this process, and gone with it."""

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
        return _pieces(self._objects[key][0][start:end])

    async def remove(self, *keys: str) -> None:
        for key in keys:
            self._objects.pop(key, None)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        for key, (content, modified_at) in tuple(self._objects.items()):
            if not prefix or key.startswith(f"{prefix}/"):
                yield StoredObject(key, len(content), modified_at)

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        pass


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content
