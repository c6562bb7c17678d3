"""What somebody else could write against the port alone: lists, copied by a unit of work that writes and put back
by its commit. Every question goes through all of them."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Self

from application.platform.paging import TOTAL_CAP, Position
from application.tasks.ports import TaskSlice
from domain.errors import StaleTask, TaskNotFound, UserNotFound
from domain.identity.user import UserId
from domain.tasks.statistics import Statistics, statistics_of
from domain.tasks.tag import Tag, TagCount
from domain.tasks.task import Task, TaskId
from domain.tasks.task_query import TaskCriteria, TaskOrder
from tests.entrypoints.wiring.toy_accounts import Lists, ToyResetTokens, ToySessions, ToyUsers
from tests.entrypoints.wiring.toy_files import ToyFiles
from tests.entrypoints.wiring.toy_history import ToyHistory
from tests.entrypoints.wiring.toy_idempotency import ToyIdempotency
from tests.entrypoints.wiring.toy_jobs import ToyJobs


class ToyStorage:
    def __init__(self) -> None:
        self.lists = Lists()
        self.turn = asyncio.Lock()

    def unit_of_work(self) -> "ToyUnitOfWork":
        return ToyUnitOfWork(self)

    async def open(self) -> None:
        pass

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        pass


class ToyUnitOfWork:
    def __init__(self, storage: ToyStorage) -> None:
        self._storage = storage
        self._lists: Lists | None = None
        self.users = ToyUsers(self)
        self.sessions = ToySessions(self)
        self.reset_tokens = ToyResetTokens(self)
        self.files = ToyFiles(self)
        self.tasks = ToyTasks(self)
        self.history = ToyHistory(self)
        self.idempotency = ToyIdempotency(self)
        self.jobs = ToyJobs(self)

    def read(self) -> Lists:
        return self._lists or self._storage.lists

    async def write(self) -> Lists:
        if self._lists is None:
            await self._storage.turn.acquire()
            self._lists = self._storage.lists.copy()
        return self._lists

    async def commit(self) -> None:
        if self._lists is not None:
            self._storage.lists = self._lists
        self._end()

    def _end(self) -> None:
        if self._lists is not None:
            self._lists = None
            self._storage.turn.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()


class ToyTasks:
    def __init__(self, uow: ToyUnitOfWork) -> None:
        self._uow = uow

    async def add(self, *tasks: Task) -> None:
        lists = await self._uow.write()
        for task in tasks:
            if task.owner_id not in [user.id for user in lists.users]:
                raise UserNotFound
            lists.tasks.append(task)
            lists.revisions.append(task.owner_id)

    async def get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        (task,) = await self.get_many([task_id], owner_id=owner_id)
        return task

    async def get_many(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[Task]:
        found = {task.id: task for task in self._of(owner_id)}
        if missing := [task_id for task_id in task_ids if task_id not in found]:
            raise TaskNotFound(missing)
        return [found[task_id] for task_id in task_ids]

    async def find(
        self,
        criteria: TaskCriteria,
        order: TaskOrder,
        *,
        owner_id: UserId,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> TaskSlice:
        found = [task for task in self._of(owner_id) if criteria.match(task)]
        total = len(found) if criteria.is_plain else min(len(found), TOTAL_CAP + 1)
        found.sort(key=lambda task: (order.key(task), task.id), reverse=order.descending)
        if after is not None:
            place, skip = (after.key, after.id), 0
            places = [(order.key(task), task.id) for task in found]
            is_beyond = [here < place if order.descending else here > place for here in places]
            found = [task for task, is_there in zip(found, is_beyond, strict=True) if is_there]
        return TaskSlice(found[skip : skip + limit], total if count else None)

    async def revision(self, *, owner_id: UserId) -> int:
        return self._uow.read().revisions.count(owner_id)

    async def with_tag(self, tag: Tag, *, owner_id: UserId, limit: int) -> list[Task]:
        found = [task for task in self._of(owner_id) if tag in task.tags]
        return sorted(found, key=lambda task: task.id)[:limit]

    async def save(self, *tasks: Task) -> None:
        await self._take_out({task.id: (task.owner_id, task.version - 1) for task in tasks})
        (await self._uow.write()).tasks.extend(tasks)

    async def remove(self, *tasks: Task) -> None:
        await self._take_out({task.id: (task.owner_id, task.version) for task in tasks})
        await self._forget(*tasks)

    async def tag_counts(self, *, owner_id: UserId, only: Tag | None = None) -> list[TagCount]:
        tags = [tag for task in self._of(owner_id) for tag in task.tags if only in (None, tag)]
        return [TagCount(tag, tags.count(tag)) for tag in sorted(set(tags))]

    async def statistics(self, now: datetime, zone: tzinfo, *, owner_id: UserId) -> Statistics:
        return statistics_of(self._of(owner_id), now, zone)

    def _of(self, owner_id: UserId) -> Iterator[Task]:
        return (task for task in self._uow.read().tasks if task.owner_id == owner_id)

    async def _take_out(self, wanted: dict[TaskId, tuple[UserId, int]]) -> None:
        lists = await self._uow.write()
        stored = {(task.owner_id, task.id): task for task in lists.tasks}
        for task_id, (owner_id, version) in wanted.items():
            if (owner_id, task_id) not in stored:
                raise TaskNotFound([task_id])
            if stored[owner_id, task_id].version != version:
                raise StaleTask
        lists.tasks = [task for task in lists.tasks if (task.id not in wanted or wanted[task.id][0] != task.owner_id)]
        lists.revisions += [owner_id for owner_id, _ in wanted.values()]

    async def _forget(self, *tasks: Task) -> None:
        gone = {task.id for task in tasks}
        lists = await self._uow.write()
        lists.changes = [change for change in lists.changes if change.task_id not in gone]
        lists.files = [file for file in lists.files if file.task_id not in gone]
