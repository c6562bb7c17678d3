from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest

from adapters.memory.storage import InMemoryStorage
from adapters.process.cache import InProcessCache
from application.platform.paging import TOTAL_CAP, Paging
from application.tasks.tasks import CreateTask, ListTasks, TaskService
from application.tasks.totals import Totals
from domain.calendar import Due
from domain.errors import (
    ContradictoryCompletion,
    InvalidTag,
    InvalidTitle,
    InvalidValue,
    PreconditionFailed,
    TagNotFound,
    TaskNotFound,
    UserNotFound,
)
from domain.identity.actor import Actor
from domain.tasks.statistics import statistics_of
from domain.tasks.task import Priority, Status, TaskId
from domain.tasks.task_query import SortField, TaskFilter, TaskOrder
from tests.contracts.given import add, register, seen, seen_of
from tests.support.builders import ANN, BEN, NOW, a_task, a_user, acting, new_task_id, new_user_id, tags
from tests.support.stubs import SettableClock

pytestmark = pytest.mark.usefixtures("ann_and_ben")

LATER: Final = NOW + timedelta(hours=1)


@pytest.fixture
def service(storage: InMemoryStorage, clock: SettableClock) -> TaskService:
    return TaskService(storage.unit_of_work, Totals(InProcessCache()), clock, new_task_id)


async def test_a_task_is_made_as_told(service: TaskService, storage: InMemoryStorage) -> None:
    command = CreateTask(
        title=" Water the plants ",
        description="By the window",
        completed=True,
        priority=Priority.HIGH,
        due=Due(date(2026, 3, 5)),
        tags=tags("Home", "home"),
    )

    made = await service.create(acting(ANN), command)

    assert await seen(storage) == seen_of(made)
    assert (made.owner_id, made.title, made.description) == (ANN, "Water the plants", "By the window")
    assert (made.status, made.priority, made.due) == (Status.COMPLETED, Priority.HIGH, command.due)
    assert (made.tags, made.version) == (tags("home"), 1)
    assert (made.created_at, made.updated_at, made.completed_at) == (NOW, NOW, NOW)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (CreateTask(title=" "), InvalidTitle),
        (CreateTask(title="a", tags=tags(*(f"{n}" for n in range(21)))), InvalidTag),
        (CreateTask(title="a", status=Status.PENDING, completed=True), ContradictoryCompletion),
    ],
    ids=["title", "tags", "completed"],
)
async def test_what_breaks_a_rule_is_refused(
    command: CreateTask, refusal: type[InvalidValue], service: TaskService, storage: InMemoryStorage
) -> None:
    with pytest.raises(refusal):
        await service.create(acting(ANN), command)

    assert await seen(storage) == seen_of()


async def test_nobody_who_is_not_there_owns_a_task(service: TaskService) -> None:
    with pytest.raises(UserNotFound):
        await service.create(acting(new_user_id()), CreateTask(title="a"))


async def test_an_edit_stores_the_next_version(
    service: TaskService, storage: InMemoryStorage, clock: SettableClock
) -> None:
    made = await service.create(acting(ANN), CreateTask(title="a", description="b"))
    clock.time = LATER

    changed = await service.edit(acting(ANN), made.id, title="c", description=None, completed=True)

    assert changed == replace(
        made, title="c", description=None, status=Status.COMPLETED, completed_at=LATER, updated_at=LATER, version=2
    )
    assert await service.get(acting(ANN), made.id) == changed
    assert await seen(storage) == seen_of(changed)


async def test_an_edit_that_changes_nothing_stores_nothing(service: TaskService, clock: SettableClock) -> None:
    made = await service.create(acting(ANN), CreateTask(title="a", tags=tags("home")))
    clock.time = LATER

    for same in (
        await service.edit(acting(ANN), made.id),
        await service.edit(acting(ANN), made.id, title=" a ", completed=False, tags=tags("HOME")),
        await service.add_tags(acting(ANN), made.id, tags("home")),
    ):
        assert same == made
    assert await service.get(acting(ANN), made.id) == made


async def test_tags_are_added_to_those_there_and_taken_off_one_by_one(service: TaskService) -> None:
    made = await service.create(acting(ANN), CreateTask(title="a", tags=tags("home")))

    more = await service.add_tags(acting(ANN), made.id, tags("work", "Home"))
    fewer = await service.remove_tag(acting(ANN), made.id, *tags("home"))

    assert (more.tags, fewer.tags, fewer.version) == (tags("home", "work"), tags("work"), 3)
    with pytest.raises(TagNotFound):
        await service.remove_tag(acting(ANN), made.id, *tags("home"))
    with pytest.raises(InvalidTag):
        await service.add_tags(acting(ANN), made.id, tags(*(f"{n}" for n in range(20))))
    assert await service.get(acting(ANN), made.id) == fewer


CALLS: Final[dict[str, dict[str, Any]]] = {
    "edit": {"title": "Changed"},
    "delete": {},
    "add_tags": {"tags": tags("new")},
    "remove_tag": {"tag": tags("home")[0]},
}


@pytest.mark.parametrize("method", CALLS)
async def test_a_change_of_a_version_not_named_is_refused(
    method: str, service: TaskService, storage: InMemoryStorage
) -> None:
    made = await service.create(acting(ANN), CreateTask(title="a", tags=tags("home")))
    call: Any = getattr(service, method)

    for versions in (frozenset[int](), frozenset({2}), frozenset({0, 2, 3})):
        with pytest.raises(PreconditionFailed):
            await call(acting(ANN), made.id, versions=versions, **CALLS[method])
    assert await seen(storage) == seen_of(made)

    await call(acting(ANN), made.id, versions=frozenset({1, 7}), **CALLS[method])
    assert await seen(storage) != seen_of(made)


@pytest.mark.parametrize("method", ["get", *CALLS])
async def test_a_task_of_somebody_else_is_not_found_like_one_that_is_none(
    method: str, service: TaskService, storage: InMemoryStorage
) -> None:
    bens = await service.create(acting(BEN), CreateTask(title="a", tags=tags("home")))
    call: Any = getattr(service, method)

    for task_id in (bens.id, new_task_id(), TaskId(ANN)):
        with pytest.raises(TaskNotFound) as refused:
            await call(acting(ANN), task_id, **CALLS.get(method, {}))
        assert refused.value.task_ids == (task_id,)
    assert await seen(storage, BEN) == seen_of(bens)


async def test_what_is_deleted_is_gone(service: TaskService, storage: InMemoryStorage) -> None:
    kept, gone = [await service.create(acting(ANN), CreateTask(title=title)) for title in "ab"]

    await service.delete(acting(ANN), gone.id)

    assert await seen(storage) == seen_of(kept)
    with pytest.raises(TaskNotFound):
        await service.delete(acting(ANN), gone.id)


async def test_pages_follow_one_another_by_cursor_and_by_number(service: TaskService, storage: InMemoryStorage) -> None:
    tasks = [a_task(title=f"{n % 3}") for n in range(7)]
    await add(storage, *tasks, a_task(owner_id=BEN))
    order = TaskOrder(SortField.TITLE, descending=False)
    expected = sorted(tasks, key=lambda task: (task.title, task.id))

    query, found = ListTasks(order=order, paging=Paging(limit=3)), []
    for number in range(3):
        page = await service.list(acting(ANN), query)
        by_number = await service.list(acting(ANN), ListTasks(order=order, paging=Paging(limit=3, skip=3 * number)))
        assert (by_number.items, by_number.total, by_number.skip) == (page.items, 7, 3 * number)
        assert (page.total, page.skip) == ((7, 0) if number == 0 else (None, None))
        assert (page.total_capped, page.limit) == (False, 3)
        assert (page.next_cursor is None) == (number == 2)
        found += page.items
        query = replace(query, paging=Paging(limit=3, cursor=page.next_cursor))

    assert found == expected


async def test_a_total_is_counted_to_a_cap_unless_it_costs_nothing(
    service: TaskService, storage: InMemoryStorage
) -> None:
    await add(storage, *(a_task(tags=tags("many")) for _ in range(TOTAL_CAP + 1)))

    plain = await service.list(acting(ANN), ListTasks(paging=Paging(limit=1)))
    counted = await service.list(
        acting(ANN), ListTasks(filter=TaskFilter(tags=frozenset(tags("many"))), paging=Paging(limit=1))
    )

    assert (plain.total, plain.total_capped) == (TOTAL_CAP + 1, False)
    assert (counted.total, counted.total_capped) == (TOTAL_CAP, True)


async def test_days_are_those_of_the_owner(service: TaskService, storage: InMemoryStorage) -> None:
    kiritimati = a_user(timezone="Pacific/Kiritimati")
    pago_pago = a_user(timezone="Pacific/Pago_Pago")
    await register(storage, kiritimati, pago_pago)
    today = Due(NOW.date())
    for user, is_over in ((kiritimati, True), (pago_pago, False)):
        task = a_task(owner_id=user.id, due=today)
        await add(storage, task)

        overdue = await service.list(Actor.of(user), ListTasks(filter=TaskFilter(overdue=True)))

        assert overdue.items == ([task] if is_over else [])
        assert await service.statistics(Actor.of(user)) == statistics_of([task], NOW, user.zone)
