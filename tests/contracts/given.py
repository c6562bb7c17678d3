"""Steps that the storage contracts share."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Final, TypeVar

import pytest

from application.platform.paging import Window
from application.platform.unit_of_work import TransientStorageError
from application.storage import Storage, UnitOfWork
from domain.errors import StaleSession, StaleTask, StaleUser
from domain.identity.user import User, UserId
from domain.tasks.counters import counter_changes
from domain.tasks.statistics import Statistics, compute_statistics
from domain.tasks.tag import TagCount
from domain.tasks.tag_query import TagFilter
from domain.tasks.task import Task, TaskId
from domain.tasks.task_query import TaskCriteria, TaskOrder
from tests.support.builders import ANN, BEN, NOW, a_user

EVERYTHING: Final = TaskCriteria()
OLDEST_FIRST: Final = TaskOrder(descending=False)
MANY: Final = 100_000
BATCH_SIZE: Final = 1_000

T = TypeVar("T")


class StorageSuite:
    """The base of storage contracts. A suite overrides `storage` with an open, migrated and empty storage."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    async def ann_and_ben(self, storage: Storage) -> None:
        await register(storage, a_user(id=ANN), a_user(id=BEN))


@dataclass(frozen=True)
class Snapshot:
    """What the different reads return about one owner's tasks."""

    tasks: list[Task]
    total: int | None
    tag_counts: list[TagCount]
    statistics: Statistics


def expected_snapshot(*tasks: Task) -> Snapshot:
    """Return what the reads must return if the owner has exactly these tasks."""
    counts = Counter(tag for task in tasks for tag in task.tags)
    return Snapshot(
        tasks=in_order(OLDEST_FIRST, tasks),
        total=len(tasks),
        tag_counts=[TagCount(tag, count) for tag, count in sorted(counts.items())],
        statistics=compute_statistics(tasks, NOW, UTC),
    )


async def snapshot_in(uow: UnitOfWork, owner_id: UserId = ANN) -> Snapshot:
    found = await uow.tasks.find(EVERYTHING, OLDEST_FIRST, Window(limit=MANY, is_counted=True), owner_id=owner_id)
    return Snapshot(
        tasks=found.items,
        total=found.total,
        tag_counts=await uow.tasks.find_tags(TagFilter(), owner_id=owner_id, limit=MANY),
        statistics=await uow.tasks.statistics(NOW, UTC, owner_id=owner_id),
    )


async def snapshot(storage: Storage, owner_id: UserId = ANN) -> Snapshot:
    async with storage.unit_of_work() as uow:
        return await snapshot_in(uow, owner_id)


def in_order(order: TaskOrder, tasks: tuple[Task, ...] | list[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: (order.key(task), task.id), reverse=order.descending)


def titles(tasks: list[Task]) -> list[str]:
    return [task.title for task in tasks]


async def register(storage: Storage, *users: User) -> None:
    async with storage.unit_of_work() as uow:
        for user in users:
            await uow.users.add(user)
        await uow.commit()


async def remove_user_in(uow: UnitOfWork, user: User) -> None:
    """Remove a user and everything that the user owns."""
    await uow.users.remove(user)
    while await uow.users.purge(user.id, limit=1000) is not None:
        pass


def batches(tasks: tuple[Task, ...]) -> Iterator[tuple[Task, ...]]:
    """Split tasks, so that no statement reaches the timeout of the storage on a busy machine."""
    for start in range(0, len(tasks), BATCH_SIZE):
        yield tasks[start : start + BATCH_SIZE]


async def add_in(uow: UnitOfWork, *tasks: Task) -> None:
    """Add tasks with their counters, without history."""
    await uow.tasks.add(*tasks)
    await uow.counters.add(counter_changes(added=tasks))


async def save_in(uow: UnitOfWork, *tasks: Task) -> None:
    before = [await uow.tasks.get(task.id, owner_id=task.owner_id) for task in tasks]
    await uow.tasks.save(*tasks)
    await uow.counters.add(counter_changes(removed=before, added=tasks))


async def remove_in(uow: UnitOfWork, *tasks: Task) -> None:
    await uow.tasks.remove(*tasks)
    await uow.counters.add(counter_changes(removed=tasks))


async def add(storage: Storage, *tasks: Task) -> None:
    async with storage.unit_of_work() as uow:
        for batch in batches(tasks):
            await add_in(uow, *batch)
        await uow.commit()


async def save(storage: Storage, *tasks: Task) -> None:
    async with storage.unit_of_work() as uow:
        for batch in batches(tasks):
            await save_in(uow, *batch)
        await uow.commit()


async def remove(storage: Storage, *tasks: Task) -> None:
    async with storage.unit_of_work() as uow:
        await remove_in(uow, *tasks)
        await uow.commit()


async def get(storage: Storage, task_id: TaskId, owner_id: UserId = ANN) -> Task:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.get(task_id, owner_id=owner_id)


async def find(
    storage: Storage, criteria: TaskCriteria = EVERYTHING, order: TaskOrder = OLDEST_FIRST, owner_id: UserId = ANN
) -> list[Task]:
    async with storage.unit_of_work() as uow:
        return (await uow.tasks.find(criteria, order, Window(limit=MANY), owner_id=owner_id)).items


async def retry(use_case: Callable[[], Awaitable[T]]) -> T:
    """Run a use case again as long as it loses races."""
    while True:
        try:
            return await use_case()
        except (StaleTask, StaleUser, StaleSession, TransientStorageError):
            await asyncio.sleep(random.uniform(0, 0.01))
