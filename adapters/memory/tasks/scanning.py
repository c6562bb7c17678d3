from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from adapters.memory.engine.slices import slice_of
from application.platform.paging import TOTAL_CAP, Slice, Window
from domain.errors import TasksNotFound
from domain.identity.user import UserId
from domain.tasks.statistics import Statistics, compute_statistics
from domain.tasks.tag import Tag, TagCount
from domain.tasks.tag_query import TagFilter
from domain.tasks.task import Task, TaskId
from domain.tasks.task_query import TaskCriteria, TaskOrder


class ScanningTasks(ABC):
    """The queries of a TaskRepository over all tasks of an owner. Repositories override those that must be faster."""

    @abstractmethod
    async def all_of(self, owner_id: UserId) -> Iterable[Task]:
        """Return the tasks of an owner in any order."""

    async def get_many(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[Task]:
        own = {task.id: task for task in await self.all_of(owner_id)}
        if missing := [task_id for task_id in task_ids if task_id not in own]:
            raise TasksNotFound(missing)
        return [own[task_id] for task_id in task_ids]

    async def find(
        self,
        criteria: TaskCriteria,
        order: TaskOrder,
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[Task]:
        matching = [task for task in await self.all_of(owner_id) if criteria.match(task)]
        total = len(matching) if criteria.has_stored_total else min(len(matching), TOTAL_CAP + 1)
        return slice_of(matching, order, window, total=total)

    async def with_tag(self, tag: Tag, *, owner_id: UserId, limit: int, after: TaskId | None = None) -> list[Task]:
        own = (task for task in await self.all_of(owner_id) if after is None or task.id > after)
        tagged = (task for task in own if tag in task.tags)
        return sorted(tagged, key=lambda task: task.id)[:limit]

    async def count_tag(self, tag: Tag, *, owner_id: UserId) -> int:
        return sum(tag in task.tags for task in await self.all_of(owner_id))

    async def find_tags(self, filter: TagFilter, *, owner_id: UserId, limit: int, after: str = "") -> list[TagCount]:
        counts = Counter(tag for task in await self.all_of(owner_id) for tag in task.tags)
        found = sorted(tag for tag in counts if tag.name > after and filter.match(tag))
        return [TagCount(tag, counts[tag]) for tag in found[:limit]]

    async def statistics(self, now: datetime, zone: tzinfo, *, owner_id: UserId) -> Statistics:
        return compute_statistics(await self.all_of(owner_id), now, zone)
