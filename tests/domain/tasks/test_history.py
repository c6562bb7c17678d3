from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from uuid_utils.compat import uuid7

from domain.calendar import Due
from domain.errors import InvalidValue
from domain.tasks.history import Action, ChangeId, FieldChange, TaskChange
from domain.tasks.status import Status
from domain.tasks.task import Priority, Task, TaskChanges
from tests.contracts.state_machine.vocabulary import edits
from tests.support.builders import ANN, NOW, a_task, tags

LATER = NOW + timedelta(hours=1)


def creation(task: Task) -> TaskChange:
    return TaskChange.creation(task, id=ChangeId(uuid7()), actor_id=ANN)


def update(before: Task, after: Task) -> TaskChange:
    return TaskChange.update(before, after, id=ChangeId(uuid7()), actor_id=ANN)


def test_a_creation_contains_every_field_that_has_a_value() -> None:
    change = creation(a_task(title="Water the plants", due=Due(date(2026, 3, 5)), tags=tags("home")))

    assert (change.action, change.version, change.at, change.actor_id) == (Action.CREATED, 1, NOW, ANN)
    assert change.changes == {
        "title": FieldChange(None, "Water the plants"),
        "status": FieldChange(None, "pending"),
        "priority": FieldChange(None, "medium"),
        "due": FieldChange(None, "2026-03-05"),
        "tags": FieldChange(None, ["home"]),
    }


def test_an_update_contains_the_fields_that_differ() -> None:
    task = a_task(description="Daily", tags=tags("home"))
    at = datetime(2026, 3, 5, 9, tzinfo=timezone(timedelta(hours=1)))
    edited = task.edit(
        at=LATER, description=None, status=Status.COMPLETED, priority=Priority.HIGH, due=Due(at), tags=tags("a", "home")
    )
    change = update(task, edited)

    assert (change.action, change.version, change.at) == (Action.UPDATED, 2, LATER)
    assert (change.task_id, change.owner_id) == (task.id, ANN)
    assert change.changes == {
        "description": FieldChange("Daily", None),
        "status": FieldChange("pending", "completed"),
        "priority": FieldChange("medium", "high"),
        "due": FieldChange(None, "2026-03-05T08:00:00Z"),
        "tags": FieldChange(["home"], ["a", "home"]),
    }


def test_a_change_from_a_day_to_the_instant_of_its_start_is_recorded() -> None:
    task = a_task(due=Due(date(2026, 3, 5)))
    edited = task.edit(at=LATER, due=Due(datetime(2026, 3, 5, tzinfo=UTC)))
    assert update(task, edited).changes == {"due": FieldChange("2026-03-05", "2026-03-05T00:00:00Z")}


def test_a_change_between_no_description_and_an_empty_one_is_recorded() -> None:
    absent = a_task(description=None)
    empty = absent.edit(at=LATER, description="")

    assert update(absent, empty).changes == {"description": FieldChange(None, "")}
    assert update(empty, empty.edit(at=LATER, description=None)).changes == {"description": FieldChange("", None)}
    assert creation(a_task(description="")).changes["description"] == FieldChange(None, "")
    assert "description" not in creation(absent).changes


@given(changes=edits)
def test_every_new_version_has_changes(changes: TaskChanges) -> None:
    task = a_task(tags=tags("home"))
    edited = task
    with suppress(InvalidValue):
        edited = task.edit(at=LATER, **changes)
    fields = update(task, edited).changes
    assert (fields == {}) == (edited is task)
    assert all(field.old != field.new for field in fields.values())
