"""Steps that the storage contracts share."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Final, TypeVar

import pytest

from application.platform.unit_of_work import TransientStorageError
from application.storage import Storage, UnitOfWork
from domain.errors import StaleSession, StaleTask, StaleUser
from domain.identity.user import User, UserId
from domain.tasks.statistics import Statistics, statistics_of
from domain.tasks.tag import TagCount
from domain.tasks.task import Task, TaskId
from domain.tasks.task_query import TaskCriteria, TaskOrder
from tests.support.builders import ANN, BEN, NOW, a_user

EVERYTHING: Final = TaskCriteria()
OLDEST_FIRST: Final = TaskOrder(descending=False)
MANY: Final = 100_000

T = TypeVar("T")


class StorageSuite:
    """An adapter's suite overrides `storage`: open, and empty but for what the migrations put there."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    async def ann_and_ben(self, storage: Storage) -> None:
        await register(storage, a_user(id=ANN), a_user(id=BEN))


@dataclass(frozen=True)
class Seen:
    """What every way of reading tells of one owner's tasks."""

    tasks: list[Task]
    total: int | None
    tag_counts: list[TagCount]
    statistics: Statistics


def seen_of(*tasks: Task) -> Seen:
    """What is to be seen when these are all."""
    counts = Counter(tag for task in tasks for tag in task.tags)
    return Seen(
        tasks=in_order(OLDEST_FIRST, tasks),
        total=len(tasks),
        tag_counts=[TagCount(tag, count) for tag, count in sorted(counts.items())],
        statistics=statistics_of(tasks, NOW, UTC),
    )


async def seen_in(uow: UnitOfWork, owner_id: UserId = ANN) -> Seen:
    found = await uow.tasks.find(EVERYTHING, OLDEST_FIRST, owner_id=owner_id, limit=MANY, count=True)
    return Seen(
        tasks=found.tasks,
        total=found.total,
        tag_counts=await uow.tasks.tag_counts(owner_id=owner_id),
        statistics=await uow.tasks.statistics(NOW, UTC, owner_id=owner_id),
    )


async def seen(storage: Storage, owner_id: UserId = ANN) -> Seen:
    async with storage.unit_of_work() as uow:
        return await seen_in(uow, owner_id)


def in_order(order: TaskOrder, tasks: tuple[Task, ...] | list[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: (order.key(task), task.id), reverse=order.descending)


def titles(tasks: list[Task]) -> list[str]:
    return [task.title for task in tasks]


async def register(storage: Storage, *users: User) -> None:
    async with storage.unit_of_work() as uow:
        for user in users:
            await uow.users.add(user)
        await uow.commit()


async def add(storage: Storage, *tasks: Task) -> None:
    async with storage.unit_of_work() as uow:
        await uow.tasks.add(*tasks)
        await uow.commit()


async def save(storage: Storage, *tasks: Task) -> None:
    async with storage.unit_of_work() as uow:
        await uow.tasks.save(*tasks)
        await uow.commit()


async def remove(storage: Storage, *tasks: Task) -> None:
    async with storage.unit_of_work() as uow:
        await uow.tasks.remove(*tasks)
        await uow.commit()


async def get(storage: Storage, task_id: TaskId, owner_id: UserId = ANN) -> Task:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.get(task_id, owner_id=owner_id)


async def find(
    storage: Storage, criteria: TaskCriteria = EVERYTHING, order: TaskOrder = OLDEST_FIRST, owner_id: UserId = ANN
) -> list[Task]:
    async with storage.unit_of_work() as uow:
        return (await uow.tasks.find(criteria, order, owner_id=owner_id, limit=MANY)).tasks


async def persistently(use_case: Callable[[], Awaitable[T]]) -> T:
    """Again for as long as it loses races."""
    while True:
        try:
            return await use_case()
        except (StaleTask, StaleUser, StaleSession, TransientStorageError):
            await asyncio.sleep(random.uniform(0, 0.01))
