from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, note

from application.storage import Storage
from domain.calendar import Due
from domain.identity.user import UserId
from domain.tasks.statistics import RECENT, Statistics, statistics_of
from domain.tasks.task import Task, TaskId
from tests.contracts.given import StorageSuite, add, register
from tests.contracts.state_machine.assortment import assorted_tasks
from tests.contracts.state_machine.history import NASTY_MOMENTS, History, dues_around, histories
from tests.contracts.tasks.filters import owned, seldom
from tests.support.builders import ANN, BEN, NOW, a_task, a_user, tags
from tests.support.strategies import ZONES


async def statistics(storage: Storage, now: datetime, zone: ZoneInfo, owner_id: UserId = ANN) -> Statistics:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.statistics(now, zone, owner_id=owner_id)


class StatisticsContract(StorageSuite):
    async def test_without_tasks_all_numbers_are_zero(self, storage: Storage) -> None:
        await add(storage, a_task(owner_id=BEN, due=Due(NOW), tags=tags("ben")))

        assert await statistics(storage, NOW, ZoneInfo("UTC")) == statistics_of([], NOW, UTC)

    @pytest.mark.parametrize(("now", "zone"), NASTY_MOMENTS, ids=str)
    async def test_dues_are_told_apart_to_the_microsecond_in_the_zone(
        self, storage: Storage, now: datetime, zone: ZoneInfo
    ) -> None:
        tasks = [a_task(due=due, at=now - age) for due in dues_around(now, zone) for age in (RECENT, timedelta(0))]
        await add(storage, *tasks, *owned(assorted_tasks(), BEN))

        for hours in (0, 1, 12, 24, 168):
            then = now + timedelta(hours=hours)
            assert await statistics(storage, then, zone) == statistics_of(tasks, then, zone)

    async def test_all_numbers_are_told_in_every_zone(self, storage: Storage, subtests: pytest.Subtests) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for name in ZONES:
            with subtests.test(name):
                told = await statistics(storage, NOW, ZoneInfo(name))
                assert told == statistics_of(tasks, NOW, ZoneInfo(name))
                assert list(told.by_tag) == sorted(told.by_tag)

    @seldom
    @given(histories())
    async def test_they_follow_any_history(self, storage: Storage, history: History) -> None:
        note(str(history))
        owner = a_user()
        await register(storage, owner)
        tasks: dict[TaskId, Task] = {}
        for unit in history.units:
            changed = dict(tasks)
            async with storage.unit_of_work() as uow:
                for step in unit.steps:
                    await step.write(uow, changed, owner.id)
                if unit.is_committed:
                    await uow.commit()
                    tasks = changed

        for zone in history.zones:
            told = await statistics(storage, history.now, zone, owner.id)
            assert told == statistics_of(tasks.values(), history.now, zone)
