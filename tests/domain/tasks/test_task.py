from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given

from domain.calendar import Due
from domain.tasks.status import Status
from domain.tasks.task import Priority, Task, TaskChanges, validate_description, validate_title
from tests.support.builders import NOW, a_task, tags
from tests.support.errors import raises_invalid
from tests.support.strategies import histories, task_changes, tasks

LATER = NOW + timedelta(hours=1)


def test_a_new_task_is_pending_of_medium_priority_and_otherwise_empty() -> None:
    task = a_task()

    assert (task.status, task.completed, task.is_open) == (Status.PENDING, False, True)
    assert task.priority is Priority.MEDIUM
    assert (task.description, task.due, task.tags, task.completed_at) == (None, None, (), None)
    assert (task.created_at, task.updated_at, task.version) == (NOW, NOW, 1)


def test_statuses_and_priorities_are_declared_in_sort_order() -> None:
    assert list(Status) == ["pending", "in_progress", "completed", "cancelled"]
    assert list(Priority) == ["low", "medium", "high", "critical"]


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_every_change_of_status_is_allowed_and_only_completed_tasks_have_a_completion_time(
    before: Status, after: Status
) -> None:
    task = a_task(status=before)

    changed = task.edit(at=LATER, status=after)

    assert changed.status is after
    assert changed.completed is (after is Status.COMPLETED)
    assert changed.is_open is (after in {Status.PENDING, Status.IN_PROGRESS})
    if after is Status.COMPLETED:
        assert changed.completed_at == (NOW if before is Status.COMPLETED else LATER)
    else:
        assert changed.completed_at is None


@pytest.mark.parametrize(
    ("before", "completed", "after"),
    [
        *((status, True, Status.COMPLETED) for status in Status),
        (Status.PENDING, False, Status.PENDING),
        (Status.IN_PROGRESS, False, Status.IN_PROGRESS),
        (Status.COMPLETED, False, Status.PENDING),
        (Status.CANCELLED, False, Status.CANCELLED),
    ],
)
def test_completed_true_completes_and_completed_false_only_reopens(
    before: Status, completed: bool, after: Status
) -> None:
    assert a_task(status=before).edit(at=LATER, completed=completed).status is after


@pytest.mark.parametrize(("completed", "status"), [(True, Status.COMPLETED), (False, Status.PENDING)])
def test_a_task_can_be_created_with_the_completed_flag(completed: bool, status: Status) -> None:
    task = a_task(completed=completed)

    assert task.status is status
    assert task.completed_at == (NOW if completed else None)


@pytest.mark.parametrize(("before", "status", "completed"), list(product(Status, Status, [True, False])))
def test_status_and_completed_must_agree(before: Status, status: Status, completed: bool) -> None:
    if completed is (status is Status.COMPLETED):
        assert a_task(status=status, completed=completed).status is status
        assert a_task(status=before).edit(at=LATER, status=status, completed=completed).status is status
        return
    with raises_invalid("completed", "contradictory_completion"):
        a_task(status=status, completed=completed)
    with raises_invalid("completed", "contradictory_completion"):
        a_task(status=before).edit(at=LATER, status=status, completed=completed)


def test_completing_a_reopened_task_sets_a_new_completion_time() -> None:
    task = a_task(completed=True).edit(at=NOW + timedelta(hours=1), completed=False)

    assert task.completed_at is None
    assert task.edit(at=NOW + timedelta(hours=2), completed=True).completed_at == NOW + timedelta(hours=2)


def test_an_edit_of_a_completed_task_keeps_the_completion_time() -> None:
    assert a_task(completed=True).edit(at=LATER, title="Renamed", completed=True).completed_at == NOW


CHANGES: dict[str, TaskChanges] = {
    "title": {"title": "Feed the cat"},
    "description": {"description": "Twice"},
    "no description": {"description": None},
    "priority": {"priority": Priority.CRITICAL},
    "due": {"due": Due(date(2026, 3, 6))},
    "no due": {"due": None},
    "due instant instead of day": {"due": Due(datetime(2026, 3, 5, tzinfo=UTC))},
    "tags": {"tags": tags("garden", "home")},
    "no tags": {"tags": ()},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_creates_the_next_version_and_changes_no_other_field(changes: TaskChanges) -> None:
    task = a_task(description="Once", due=Due(date(2026, 3, 5)), tags=tags("home"))

    changed = task.edit(at=LATER, **changes)

    assert (changed.version, changed.updated_at) == (2, LATER)
    assert {name for name in Task.__slots__ if getattr(changed, name) != getattr(task, name)} == {
        "version",
        "updated_at",
        *changes,
    }
    assert changes.items() <= {name: getattr(changed, name) for name in Task.__slots__}.items()


def test_an_equivalent_value_changes_nothing() -> None:
    task = a_task(
        title="Milk", description="Fat", tags=tags("home", "work"), due=Due(datetime(2026, 3, 5, 12, tzinfo=UTC))
    )
    same_instant = datetime.fromisoformat("2026-03-05T17:45:00+05:45")

    same = task.edit(
        at=LATER,
        title=" Milk ",
        tags=tags("WORK", "home", "Home"),
        completed=False,
        due=Due(same_instant),
        description="Fat",
    )

    assert same is task


@given(tasks(), histories)
def test_edits_keep_all_invariants(task: Task, history: list[tuple[TaskChanges, timedelta]]) -> None:
    at = task.updated_at
    for changes, wait in history:
        before, at = task, at + wait
        task = before.edit(at=at, **changes)

        assert (task.completed_at is not None) is task.completed is (task.status is Status.COMPLETED)
        assert task.title == validate_title(task.title)
        assert task.description == validate_description(task.description)
        assert task.tags == tuple(sorted(set(task.tags))) and len(task.tags) <= 20
        assert (task.id, task.owner_id, task.created_at) == (before.id, before.owner_id, before.created_at)
        assert task.created_at <= (task.completed_at or task.updated_at) <= task.updated_at
        assert task is before or (task.version, task.updated_at) == (before.version + 1, max(at, before.updated_at))


@given(tasks(), task_changes())
def test_an_edit_is_idempotent(task: Task, changes: TaskChanges) -> None:
    edited = task.edit(at=task.updated_at, **changes)

    assert edited.edit(at=LATER, **changes) is edited


@given(tasks())
def test_an_edit_with_the_current_values_returns_the_same_object(task: Task) -> None:
    same: TaskChanges = {
        "title": task.title,
        "description": task.description,
        "status": task.status,
        "completed": task.completed,
        "priority": task.priority,
        "due": task.due,
        "tags": task.tags,
    }

    assert task.edit(at=LATER) is task
    assert task.edit(at=LATER, **same) is task
