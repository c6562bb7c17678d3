from collections.abc import Collection, Iterator, Sequence

from adapters.memory.engine.slices import slice_of
from adapters.memory.engine.transaction import Staged, WriteLock
from adapters.memory.tasks.tasks import TasksByOwner
from application.platform.paging import TOTAL_CAP, Slice, Window
from domain.errors import FileNotFound, TaskNotFound, UserNotFound
from domain.files.file import File, FileFilter, FileId, NewestFirst, whole_blocks
from domain.identity.user import User, UserId
from domain.tasks.task import TaskId

_ORDER = NewestFirst()


class InMemoryFileRepository:
    def __init__(
        self, files: Staged[FileId, File], users: Staged[UserId, User], tasks: TasksByOwner, lock: WriteLock
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
            raise TaskNotFound(ids=[file.task_id])
        self._files.put(file.id, file)

    async def get(self, file_id: FileId, *, owner_id: UserId) -> File:
        file = self._files.get(file_id)
        if file is None or file.owner_id != owner_id:
            raise FileNotFound(ids=[file_id])
        return file

    async def find(
        self,
        filter: FileFilter,
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[File]:
        matching = [file for file in self._of(owner_id) if filter.match(file)]
        return slice_of(matching, _ORDER, window, total=min(len(matching), TOTAL_CAP + 1))

    async def find_of_tasks(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[File]:
        matching = [file for file in self._of(owner_id) if file.task_id in task_ids]
        return sorted(matching, key=lambda file: file.id)

    async def remove(self, file: File) -> None:
        await self._lock.acquire()
        await self.get(file.id, owner_id=file.owner_id)
        self._files.drop(file.id)

    async def used_bytes(self, *, owner_id: UserId, lock: bool = False) -> int:
        if lock:
            await self._lock.acquire()
            if self._users.get(owner_id) is None:
                raise UserNotFound
        return sum(whole_blocks(file.size) for file in self._of(owner_id))

    async def find_existing(self, file_ids: Collection[FileId], *, owner_id: UserId) -> set[FileId]:
        return {file.id for file in self._of(owner_id)} & set(file_ids)

    def _of(self, owner_id: UserId) -> Iterator[File]:
        return (file for file in self._files.values() if file.owner_id == owner_id)
