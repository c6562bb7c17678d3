from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, note

from application.storage import Storage
from domain.calendar import Due
from domain.identity.user import UserId
from domain.tasks.statistics import MAX_LISTED_TAGS, RECENT_PERIOD, Statistics, compute_statistics, most_used
from domain.tasks.task import Task, TaskId
from tests.contracts.given import StorageSuite, add, register
from tests.contracts.state_machine.assortment import assorted_tasks
from tests.contracts.state_machine.history import EDGE_CASES, History, dues_around, histories
from tests.contracts.tasks.filters import owned, seldom
from tests.support.builders import ANN, BEN, NOW, a_task, a_user, tags
from tests.support.strategies import ZONES


async def statistics(storage: Storage, now: datetime, zone: ZoneInfo, owner_id: UserId = ANN) -> Statistics:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.statistics(now, zone, owner_id=owner_id)


class StatisticsContract(StorageSuite):
    async def test_without_tasks_all_numbers_are_zero(self, storage: Storage) -> None:
        await add(storage, a_task(owner_id=BEN, due=Due(NOW), tags=tags("ben")))

        assert await statistics(storage, NOW, ZoneInfo("UTC")) == compute_statistics([], NOW, UTC)

    @pytest.mark.parametrize(("now", "zone"), EDGE_CASES, ids=str)
    async def test_due_dates_are_compared_to_the_microsecond_in_the_time_zone(
        self, storage: Storage, now: datetime, zone: ZoneInfo
    ) -> None:
        tasks = [
            a_task(due=due, at=now - age) for due in dues_around(now, zone) for age in (RECENT_PERIOD, timedelta(0))
        ]
        await add(storage, *tasks, *owned(assorted_tasks(), BEN))

        for hours in (0, 1, 12, 24, 168):
            then = now + timedelta(hours=hours)
            assert await statistics(storage, then, zone) == compute_statistics(tasks, then, zone)

    async def test_statistics_are_correct_in_every_time_zone(self, storage: Storage, subtests: pytest.Subtests) -> None:
        tasks = assorted_tasks()
        await add(storage, *tasks)
        for name in ZONES:
            with subtests.test(name):
                result = await statistics(storage, NOW, ZoneInfo(name))
                assert result == compute_statistics(tasks, NOW, ZoneInfo(name))
                assert list(result.by_tag.items()) == list(most_used(result.by_tag).items())

    async def test_the_most_used_tags_are_listed(self, storage: Storage) -> None:
        names = [f"{n:03}" for n in range(MAX_LISTED_TAGS - 1)]
        tasks = [a_task(tags=tags(*names[n : n + 20])) for n in range(0, len(names), 20)]
        tasks += [a_task(tags=tags("b", "z")), a_task(tags=tags("z", "\uffee"))]
        await add(storage, *tasks)

        result = await statistics(storage, NOW, ZoneInfo("UTC"))
        assert result == compute_statistics(tasks, NOW, UTC)
        assert [tag.name for tag in result.by_tag] == ["z", *names]
        assert result.by_tag_capped

    @seldom
    @given(histories())
    async def test_statistics_are_correct_after_any_history(self, storage: Storage, history: History) -> None:
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
            result = await statistics(storage, history.now, zone, owner.id)
            assert result == compute_statistics(tasks.values(), history.now, zone)
