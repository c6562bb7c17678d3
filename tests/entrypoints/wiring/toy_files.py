"""The files of the toy storage."""

from collections.abc import Collection, Sequence

from application.files.ports import FileSlice
from application.platform.paging import TOTAL_CAP, Position
from domain.errors import FileNotFound, TaskNotFound, UserNotFound
from domain.files.file import File, FileFilter, FileId, NewestFirst
from domain.identity.user import UserId
from domain.tasks.task import TaskId
from tests.entrypoints.wiring.toy_accounts import Access


class ToyFiles:
    def __init__(self, uow: Access) -> None:
        self._uow = uow

    async def add(self, file: File) -> None:
        lists = await self._uow.write()
        if file.owner_id not in [user.id for user in lists.users]:
            raise UserNotFound
        if file.task_id and (file.owner_id, file.task_id) not in [(task.owner_id, task.id) for task in lists.tasks]:
            raise TaskNotFound([file.task_id])
        lists.files.append(file)

    async def get(self, file_id: FileId, *, owner_id: UserId) -> File:
        for file in self._of(owner_id):
            if file.id == file_id:
                return file
        raise FileNotFound

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
        found = [(NewestFirst().key(file), file.id, file) for file in self._of(owner_id) if filter.match(file)]
        total = min(len(found), TOTAL_CAP + 1) if count else None
        if after is not None:
            found, skip = [place for place in found if place[:2] < (after.key, after.id)], 0
        return FileSlice([file for _, _, file in sorted(found, reverse=True)[skip : skip + limit]], total)

    async def of_tasks(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[File]:
        found = [file for file in self._of(owner_id) if file.task_id in task_ids]
        return sorted(found, key=lambda file: file.id)

    async def remove(self, file: File) -> None:
        lists = await self._uow.write()
        lists.files.remove(await self.get(file.id, owner_id=file.owner_id))

    async def used_bytes(self, *, owner_id: UserId, lock: bool = False) -> int:
        if lock and owner_id not in [user.id for user in (await self._uow.write()).users]:
            raise UserNotFound
        return sum(file.size for file in self._of(owner_id))

    async def existing(self, file_ids: Collection[FileId], *, owner_id: UserId) -> set[FileId]:
        return {file.id for file in self._of(owner_id) if file.id in file_ids}

    def _of(self, owner_id: UserId) -> list[File]:
        return [file for file in self._uow.read().files if file.owner_id == owner_id]
