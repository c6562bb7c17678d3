from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType, Self
from uuid import UUID

from domain.identity.user import UserId
from domain.tasks.task import FieldValue, Task, TaskId

ChangeId = NewType("ChangeId", UUID)


class Action(StrEnum):
    """What happened to a task."""

    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """The values of a field before and after a change."""

    old: FieldValue
    new: FieldValue


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """The changed fields of one version of a task, with actor and time. Each version has exactly one."""

    id: ChangeId
    owner_id: UserId
    task_id: TaskId
    version: int
    actor_id: UserId
    at: datetime
    changes: Mapping[str, FieldChange]

    @classmethod
    def creation(cls, task: Task, *, id: ChangeId, actor_id: UserId) -> Self:
        """Describe a new task. Its changes are all fields that have a value, and the tags if there are any."""
        changes = {name: FieldChange(None, new) for name, new in task.field_values.items() if new not in (None, [])}
        return cls._of(task, changes, id, actor_id)

    @classmethod
    def update(cls, before: Task, after: Task, *, id: ChangeId, actor_id: UserId) -> Self:
        """Describe the difference between two versions of a task."""
        old = before.field_values
        changes = {name: FieldChange(old[name], new) for name, new in after.field_values.items() if new != old[name]}
        return cls._of(after, changes, id, actor_id)

    @classmethod
    def _of(cls, task: Task, changes: Mapping[str, FieldChange], id: ChangeId, actor_id: UserId) -> Self:
        return cls(
            id=id,
            owner_id=task.owner_id,
            task_id=task.id,
            version=task.version,
            actor_id=actor_id,
            at=task.updated_at,
            changes=changes,
        )

    @property
    def action(self) -> Action:
        """Whether this version created or updated the task."""
        return Action.CREATED if self.version == 1 else Action.UPDATED


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """The task whose history is listed."""

    task_id: TaskId

    @property
    def signature(self) -> dict[str, object]:
        """The condition under stable names; see `Signed`."""
        return {"task_id": self.task_id}


@dataclass(frozen=True, slots=True)
class NewestFirst:
    """Sort the changes of a task by version, newest first."""

    descending: ClassVar = True

    @property
    def signature(self) -> dict[str, object]:
        """The order under stable names; see `Signed`."""
        return {}

    def key(self, change: TaskChange) -> int:
        """Return the version."""
        return change.version

    def validate_key(self, key: object) -> int:
        """Return a sort key that a client sent.

        Raises:
            ValueError: No change can have this key.
        """
        if type(key) is not int or not 1 <= key < 2**31:
            raise ValueError("version must be a positive 32-bit integer")
        return key
