from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, time
from typing import Final, Protocol

from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import retried
from application.tasks.ports import TaskUnitOfWork
from application.tasks.recording import add_task_versions
from domain.errors import TasksNotFound
from domain.identity.user import User, UserId
from domain.tasks.task import Task

BATCH_SIZE: Final = 250
"""Tasks per transaction. Other writes wait for one transaction."""

Versions = tuple[Task, ...]


class DemoTaskFactory(Protocol):
    """Creates demo tasks. Each has a plausible history."""

    def __call__(self, seed: int, number: int, total: int, /, *, owner_id: UserId, now: datetime) -> Versions:
        """Return all versions of demo task `number` of `total`, oldest first.

        The same arguments always give the same task. The tasks are spread over the year before `now`.
        """
        ...


class SeedingService:
    """Fill an account with demo tasks, for demonstrations and benchmarks."""

    def __init__(
        self, unit_of_work: Callable[[], TaskUnitOfWork], demo_task: DemoTaskFactory, clock: Clock, new_id: NewId
    ) -> None:
        self._unit_of_work = unit_of_work
        self._demo_task = demo_task
        self._clock = clock
        self._new_id = new_id

    @retried
    async def find_owner(self, username: str) -> User | None:
        """Return the user with this username, or None."""
        async with self._unit_of_work() as uow:
            return await uow.users.find_by_login(username)

    async def seed(self, owner_id: UserId, amount: int, seed: int) -> AsyncIterator[int]:
        """Store demo tasks in batches of one transaction each. Yield the number of tasks stored after each batch.

        Tasks that an earlier call with the same seed stored on the same day are not stored again.

        Raises:
            UserNotFound: The owner does not exist.
        """
        now = datetime.combine(self._clock.now().date(), time.min, self._clock.now().tzinfo)
        for start in range(0, amount, BATCH_SIZE):
            end = min(start + BATCH_SIZE, amount)
            await self._store(
                [self._demo_task(seed, number, amount, owner_id=owner_id, now=now) for number in range(start, end)],
                owner_id,
            )
            yield end

    @retried
    async def _store(self, batch: Sequence[Versions], owner_id: UserId) -> None:
        async with self._unit_of_work() as uow:
            try:
                await uow.tasks.get_many([versions[0].id for versions in batch], owner_id=owner_id)
            except TasksNotFound as missing:
                missing_ids = frozenset(missing.ids)
                await add_task_versions(
                    uow, [versions for versions in batch if versions[0].id in missing_ids], self._new_id
                )
                await uow.commit()
