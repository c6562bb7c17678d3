from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, note

from application.storage import Storage
from domain.calendar import Due
from domain.tasks.status import Status
from domain.tasks.task import Task
from domain.tasks.task_query import TaskFilter
from tests.contracts.given import StorageSuite, add, expected_snapshot, find, get, in_order, register, save, snapshot
from tests.contracts.state_machine.assortment import EVERY_ORDER, MICROSECOND
from tests.contracts.tasks.filters import owned, seldom
from tests.support.builders import ANN, BEN, NOW, a_task, a_user, new_task_id, tags
from tests.support.strategies import task_lists

ASTRAL = "\U0001f600"

EXTREMES = {
    "first day": a_task(due=Due(date.min)),
    "last day": a_task(due=Due(date.max)),
    "first instant": a_task(due=Due(datetime.min.replace(tzinfo=UTC))),
    "last instant": a_task(due=Due(datetime.max.replace(tzinfo=UTC))),
    "before 1970": a_task(due=Due(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC))),
    "before 1583": a_task(due=Due(date(1582, 10, 14))),
    "29 February": a_task(due=Due(date(2000, 2, 29))),
    "odd offset": a_task(due=Due(datetime(2026, 3, 4, 12, 0, 0, 1, timezone(timedelta(hours=-23, seconds=-7))))),
    "microseconds": a_task(at=NOW.replace(microsecond=999_999), due=Due(NOW.replace(microsecond=1))),
    "longest title": a_task(title=ASTRAL * Task.MAX_TITLE),
    "longest folded title": a_task(title="\u0390" * Task.MAX_TITLE),
    "longest title for searching": a_task(title="\ufdfa" * Task.MAX_TITLE),
    "title of many characters": a_task(title="".join(chr(0x20000 + 97 * n) for n in range(Task.MAX_TITLE))),
    "longest description": a_task(description=ASTRAL * Task.MAX_DESCRIPTION),
    "longest description for searching": a_task(description="\ufdfa" * Task.MAX_DESCRIPTION),
    "empty description": a_task(description=""),
    "no description": a_task(description=None),
    "white space": a_task(title="a \t\r\n\x0b\x85\u2028 b", description=" \t\r\n\r \n\u3000"),
    "controls": a_task(title="\x01a\x1f\x7f\x80\x9f\ufeff\u200b", description="\x01\x08\x1b[31m\ufffe\uffff\U0010ffff"),
    "not normalized": a_task(title="e\u0301 \u00e9 \u212b \ufb01", description="\u1100\u1161\u11a8 \uac01"),
    "most tags": a_task(tags=tags(*(chr(0x1F600 + n) + ASTRAL * 49 for n in range(20)))),
    "tags of many characters": a_task(
        tags=tags(*("".join(chr(0x20000 + 53 * (50 * n + m)) for m in range(50)) for n in range(20)))
    ),
    "versions": replace(a_task(), version=2**31 - 1),
    "a clock set back": a_task().edit(at=NOW - timedelta(days=1), status=Status.COMPLETED),
}


class ValueContract(StorageSuite):
    @pytest.mark.parametrize("task", list(EXTREMES.values()), ids=list(EXTREMES))
    async def test_every_task_is_returned_unchanged(self, storage: Storage, task: Task) -> None:
        await add(storage, task)
        assert await get(storage, task.id) == task
        assert await snapshot(storage) == expected_snapshot(task)

    async def test_a_task_can_be_replaced_by_any_version(self, storage: Storage) -> None:
        extremes = [replace(task, version=2) for task in EXTREMES.values()]
        plain = [a_task(id=task.id) for task in extremes]
        plain_again = [replace(task, version=3) for task in plain]
        await add(storage, *plain)
        for version in (extremes, plain_again):
            await save(storage, *version)
            assert await snapshot(storage) == expected_snapshot(*version)

    async def test_extremes_are_found_and_ordered(self, storage: Storage) -> None:
        tasks = list(EXTREMES.values())
        await add(storage, *tasks)

        for order in EVERY_ORDER:
            assert await find(storage, order=order) == in_order(order, tasks)
        for filter in (
            TaskFilter(due_before=date.max),
            TaskFilter(due_after=date.min),
            TaskFilter(due_before=datetime.max.replace(tzinfo=UTC)),
            TaskFilter(due_after=datetime.min.replace(tzinfo=UTC)),
            TaskFilter(search=ASTRAL * 60),
            TaskFilter(search="\ufdfa" * 10),
        ):
            criteria = filter.to_criteria(NOW, UTC)
            expected = [task for task in tasks if criteria.match(task)]
            assert await find(storage, criteria) == in_order(EVERY_ORDER[0], expected)

    async def test_instants_are_returned_in_utc(self, storage: Storage) -> None:
        plus_nine = timezone(timedelta(hours=9))
        task = a_task(due=Due(NOW.astimezone(plus_nine)), status=Status.COMPLETED, at=NOW + MICROSECOND)
        user = a_user(created_at=NOW + MICROSECOND)
        await add(storage, task)
        await register(storage, user)
        stored = await get(storage, task.id)
        async with storage.unit_of_work() as uow:
            account = await uow.users.get(user.id)

        assert stored.due is not None
        instants = [stored.created_at, stored.updated_at, stored.completed_at, stored.due.instant]
        for instant in (*instants, account.created_at, account.updated_at):
            assert instant is not None
            assert instant.utcoffset() == timedelta(0)

    async def test_a_due_date_keeps_its_type(self, storage: Storage) -> None:
        day = a_task(due=Due(date(2026, 3, 4)))
        instant = a_task(due=Due(datetime(2026, 3, 4, tzinfo=UTC)))
        await add(storage, day, instant)

        assert [type(task.due.at) for task in await find(storage) if task.due] == [date, datetime]
        swapped = [day.edit(at=NOW, due=instant.due), instant.edit(at=NOW, due=day.due)]
        await save(storage, *swapped)
        assert await find(storage) == swapped

    async def test_owners_may_have_equal_tasks(self, storage: Storage) -> None:
        anns = a_task(tags=tags("same"))
        bens = replace(anns, id=new_task_id(), owner_id=BEN)
        await add(storage, anns, bens)

        assert await snapshot(storage, ANN) == expected_snapshot(anns)
        assert await snapshot(storage, BEN) == expected_snapshot(bens)

    @seldom
    @given(task_lists())
    async def test_every_task_of_the_domain_is_returned_unchanged(self, storage: Storage, drawn: list[Task]) -> None:
        owner = a_user()
        await register(storage, owner)
        tasks = owned(drawn, owner.id)
        note(str(tasks))
        await add(storage, *tasks)

        assert await snapshot(storage, owner.id) == expected_snapshot(*tasks)
