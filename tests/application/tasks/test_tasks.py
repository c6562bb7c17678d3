from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest

from adapters.memory.storage import InMemoryStorage
from adapters.process.cache import InProcessCache
from application.platform.paging import TOTAL_CAP, Paging
from application.tasks.tasks import CreateTask, ListTasks, TaskService
from application.tasks.total_cache import TotalCache
from domain.calendar import Due
from domain.errors import InvalidTag, TagNotFound, TaskNotFound, UserNotFound
from domain.identity.actor import Actor
from domain.tasks.statistics import compute_statistics
from domain.tasks.status import Status
from domain.tasks.task import Priority, TaskId
from domain.tasks.task_query import SortField, TaskFilter, TaskOrder
from domain.versions import PreconditionFailed, VersionMatch
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.support.builders import ANN, BEN, NOW, a_task, a_user, acting, new_task_id, new_user_id, tags
from tests.support.errors import raises_invalid
from tests.support.stubs import SettableClock

pytestmark = pytest.mark.usefixtures("ann_and_ben")

LATER: Final = NOW + timedelta(hours=1)


@pytest.fixture
def service(storage: InMemoryStorage, clock: SettableClock) -> TaskService:
    return TaskService(storage.unit_of_work, TotalCache(InProcessCache()), clock, new_task_id)


async def test_a_task_is_created_from_a_command(service: TaskService, storage: InMemoryStorage) -> None:
    command = CreateTask(
        title=" Water the plants ",
        description="By the window",
        completed=True,
        priority=Priority.HIGH,
        due=Due(date(2026, 3, 5)),
        tags=tags("Home", "home"),
    )

    created = await service.create(acting(ANN), command)

    assert await snapshot(storage) == expected_snapshot(created)
    assert (created.owner_id, created.title, created.description) == (ANN, "Water the plants", "By the window")
    assert (created.status, created.priority, created.due) == (Status.COMPLETED, Priority.HIGH, command.due)
    assert (created.tags, created.version) == (tags("home"), 1)
    assert (created.created_at, created.updated_at, created.completed_at) == (NOW, NOW, NOW)


@pytest.mark.parametrize(
    ("command", "field", "rule"),
    [
        (CreateTask(title=" "), "title", "invalid_title"),
        (CreateTask(title="a", tags=tags(*(f"{n}" for n in range(21)))), "tags", "invalid_tag"),
        (CreateTask(title="a", status=Status.PENDING, completed=True), "completed", "contradictory_completion"),
    ],
    ids=["title", "tags", "completed"],
)
async def test_an_invalid_command_is_refused(
    command: CreateTask, field: str, rule: str, service: TaskService, storage: InMemoryStorage
) -> None:
    with raises_invalid(field, rule):
        await service.create(acting(ANN), command)

    assert await snapshot(storage) == expected_snapshot()


async def test_a_task_of_an_unknown_user_is_refused(service: TaskService) -> None:
    with pytest.raises(UserNotFound):
        await service.create(acting(new_user_id()), CreateTask(title="a"))


async def test_an_edit_stores_the_next_version(
    service: TaskService, storage: InMemoryStorage, clock: SettableClock
) -> None:
    created = await service.create(acting(ANN), CreateTask(title="a", description="b"))
    clock.time = LATER

    changed = await service.edit(acting(ANN), created.id, title="c", description=None, completed=True)

    assert changed == replace(
        created, title="c", description=None, status=Status.COMPLETED, completed_at=LATER, updated_at=LATER, version=2
    )
    assert await service.get(acting(ANN), created.id) == changed
    assert await snapshot(storage) == expected_snapshot(changed)


async def test_an_edit_that_changes_nothing_stores_nothing(service: TaskService, clock: SettableClock) -> None:
    created = await service.create(acting(ANN), CreateTask(title="a", tags=tags("home")))
    clock.time = LATER

    for same in (
        await service.edit(acting(ANN), created.id),
        await service.edit(acting(ANN), created.id, title=" a ", completed=False, tags=tags("HOME")),
        await service.add_tags(acting(ANN), created.id, tags("home")),
    ):
        assert same == created
    assert await service.get(acting(ANN), created.id) == created


async def test_tags_are_added_to_the_existing_ones_and_removed_one_by_one(service: TaskService) -> None:
    created = await service.create(acting(ANN), CreateTask(title="a", tags=tags("home")))

    more = await service.add_tags(acting(ANN), created.id, tags("work", "Home"))
    fewer = await service.remove_tag(acting(ANN), created.id, *tags("home"))

    assert (more.tags, fewer.tags, fewer.version) == (tags("home", "work"), tags("work"), 3)
    with pytest.raises(TagNotFound):
        await service.remove_tag(acting(ANN), created.id, *tags("home"))
    with pytest.raises(InvalidTag):
        await service.add_tags(acting(ANN), created.id, tags(*(f"{n}" for n in range(20))))
    assert await service.get(acting(ANN), created.id) == fewer


CALLS: Final[dict[str, dict[str, Any]]] = {
    "edit": {"title": "Changed"},
    "delete": {},
    "add_tags": {"tags": tags("new")},
    "remove_tag": {"tag": tags("home")[0]},
}


@pytest.mark.parametrize("method", CALLS)
async def test_a_change_of_an_unexpected_version_is_refused(
    method: str, service: TaskService, storage: InMemoryStorage
) -> None:
    created = await service.create(acting(ANN), CreateTask(title="a", tags=tags("home")))
    call: Any = getattr(service, method)

    for versions in (VersionMatch.one_of(0, 2, 3), VersionMatch(refused=frozenset({1})), VersionMatch(refused=None)):
        with pytest.raises(PreconditionFailed):
            await call(acting(ANN), created.id, versions=versions, **CALLS[method])
    assert await snapshot(storage) == expected_snapshot(created)

    await call(acting(ANN), created.id, versions=VersionMatch(frozenset({1, 7}), frozenset({2})), **CALLS[method])
    assert await snapshot(storage) != expected_snapshot(created)


@pytest.mark.parametrize("method", ["get", *CALLS])
async def test_a_task_of_another_user_is_not_found_like_an_unknown_task(
    method: str, service: TaskService, storage: InMemoryStorage
) -> None:
    bens = await service.create(acting(BEN), CreateTask(title="a", tags=tags("home")))
    call: Any = getattr(service, method)

    for task_id in (bens.id, new_task_id(), TaskId(ANN)):
        with pytest.raises(TaskNotFound):
            await call(acting(ANN), task_id, **CALLS.get(method, {}))
    assert await snapshot(storage, BEN) == expected_snapshot(bens)


async def test_a_deleted_task_is_not_found(service: TaskService, storage: InMemoryStorage) -> None:
    kept, deleted = [await service.create(acting(ANN), CreateTask(title=title)) for title in "ab"]

    await service.delete(acting(ANN), deleted.id)

    assert await snapshot(storage) == expected_snapshot(kept)
    with pytest.raises(TaskNotFound):
        await service.delete(acting(ANN), deleted.id)


async def test_pages_by_cursor_and_by_skip_are_the_same(service: TaskService, storage: InMemoryStorage) -> None:
    tasks = [a_task(title=f"{n % 3}") for n in range(7)]
    await add(storage, *tasks, a_task(owner_id=BEN))
    order = TaskOrder(SortField.TITLE, descending=False)
    expected = sorted(tasks, key=lambda task: (task.title, task.id))

    query, found = ListTasks(order=order, paging=Paging(limit=3)), []
    for number in range(3):
        page = await service.list(acting(ANN), query)
        by_skip = await service.list(acting(ANN), ListTasks(order=order, paging=Paging(limit=3, skip=3 * number)))
        assert (by_skip.items, by_skip.total, by_skip.skip) == (page.items, 7, 3 * number)
        assert (page.total, page.skip) == ((7, 0) if number == 0 else (None, None))
        assert (page.total_capped, page.limit) == (False, 3)
        assert (page.next_cursor is None) == (number == 2)
        found += page.items
        query = replace(query, paging=Paging(limit=3, cursor=page.next_cursor))

    assert found == expected


async def test_a_total_is_capped_unless_it_is_stored(service: TaskService, storage: InMemoryStorage) -> None:
    await add(storage, *(a_task(tags=tags("many")) for _ in range(TOTAL_CAP + 1)))

    stored = await service.list(acting(ANN), ListTasks(paging=Paging(limit=1)))
    counted = await service.list(
        acting(ANN), ListTasks(filter=TaskFilter(tags=frozenset(tags("many"))), paging=Paging(limit=1))
    )

    assert (stored.total, stored.total_capped) == (TOTAL_CAP + 1, False)
    assert (counted.total, counted.total_capped) == (TOTAL_CAP, True)


async def test_days_are_days_in_the_time_zone_of_the_owner(service: TaskService, storage: InMemoryStorage) -> None:
    kiritimati = a_user(timezone="Pacific/Kiritimati")
    pago_pago = a_user(timezone="Pacific/Pago_Pago")
    await register(storage, kiritimati, pago_pago)
    today = Due(NOW.date())
    for user, is_overdue in ((kiritimati, True), (pago_pago, False)):
        task = a_task(owner_id=user.id, due=today)
        await add(storage, task)

        overdue = await service.list(Actor.of(user), ListTasks(filter=TaskFilter(overdue=True)))

        assert overdue.items == ([task] if is_overdue else [])
        assert await service.statistics(Actor.of(user)) == compute_statistics([task], NOW, user.zone)
