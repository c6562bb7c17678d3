from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from adapters.composed.overriding import overriding
from application.platform.retry import must_lock_reads
from application.storage import UnitOfWork
from application.tasks.ports import TaskRepository
from domain.errors import TasksNotFound, UserNotFound
from domain.files.file import File
from domain.identity.user import UserId
from domain.tasks.tag import Tag
from domain.tasks.task import Task, TaskId

ANCHOR_TITLE: Final = "stored elsewhere"


class ComposedTasks:
    """Connects the tasks of one storage with their owners and files in another one.

    - A write locks the owner in the rest first. So the owner exists, writers of one owner wait for each other, and both
      storages are locked in the same order by all.
    - Files refer to a task. The first file of a task adds an anchor to the tasks of the rest: a task with the same id
      and without content. It is removed with the task, and its files with it.
    """

    def __init__(self, tasks: TaskRepository, rest: UnitOfWork) -> None:
        self._tasks = tasks
        self._rest = rest
        self.has_written = False
        self.repository = overriding(
            tasks,
            get=self._get,
            get_many=self._get_many,
            with_tag=self._with_tag,
            add=self._add,
            save=self._save,
            remove=self._remove,
        )

    async def add_file(self, file: File) -> None:
        """See `FileRepository.add`."""
        if file.task_id is not None:
            await self._rest.users.lock(file.owner_id)
            task = await self._tasks.get(file.task_id, owner_id=file.owner_id)
            if not await self._anchors([task.id], file.owner_id):
                await self._rest.tasks.add(
                    Task.create(id=task.id, owner_id=task.owner_id, title=ANCHOR_TITLE, at=task.created_at)
                )
        await self._rest.files.add(file)

    async def _add(self, *tasks: Task) -> None:
        for owner_id in _owners(tasks):
            await self._rest.users.lock(owner_id)
        self.has_written = True
        await self._tasks.add(*tasks)

    async def _get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        await self._lock_after_lost_race(owner_id)
        return await self._tasks.get(task_id, owner_id=owner_id)

    async def _get_many(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[Task]:
        await self._lock_after_lost_race(owner_id)
        return await self._tasks.get_many(task_ids, owner_id=owner_id)

    async def _with_tag(self, tag: Tag, *, owner_id: UserId, limit: int, after: TaskId | None = None) -> list[Task]:
        await self._lock_after_lost_race(owner_id)
        return await self._tasks.with_tag(tag, owner_id=owner_id, limit=limit, after=after)

    async def _save(self, *tasks: Task) -> None:
        for owner_id in _owners(tasks):
            await self._lock_if_present(owner_id)
        self.has_written = True
        await self._tasks.save(*tasks)

    async def _remove(self, *tasks: Task) -> None:
        owners = _owners(tasks)
        for owner_id in owners:
            await self._lock_if_present(owner_id)
        self.has_written = True
        await self._tasks.remove(*tasks)
        for owner_id in owners:
            removed = [task.id for task in tasks if task.owner_id == owner_id]
            await self._rest.tasks.remove(*await self._anchors(removed, owner_id))

    async def _lock_after_lost_race(self, owner_id: UserId) -> None:
        if must_lock_reads():
            await self._lock_if_present(owner_id)

    async def _lock_if_present(self, owner_id: UserId) -> None:
        with suppress(UserNotFound):  # then the task is not found
            await self._rest.users.lock(owner_id)

    async def _anchors(self, task_ids: Sequence[TaskId], owner_id: UserId) -> list[Task]:
        try:
            return await self._rest.tasks.get_many(task_ids, owner_id=owner_id)
        except TasksNotFound as error:
            anchored = [task_id for task_id in task_ids if task_id not in error.ids]
            return await self._rest.tasks.get_many(anchored, owner_id=owner_id)


def _owners(tasks: Sequence[Task]) -> list[UserId]:
    """Return the owners, in the order in which all writers lock them."""
    return sorted({task.owner_id for task in tasks})
