from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, Self
from uuid import UUID

from domain.identity.user import UserId
from domain.tasks.task import Plain, Task, TaskId

ChangeId = NewType("ChangeId", UUID)


class Action(StrEnum):
    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class FieldChange:
    old: Plain
    new: Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """Who made a task's version, when, and what is different in it, field by field. Each version has one."""

    id: ChangeId
    owner_id: UserId
    task_id: TaskId
    version: int
    actor_id: UserId
    at: datetime
    changes: Mapping[str, FieldChange]

    @classmethod
    def creation(cls, task: Task, *, id: ChangeId, actor_id: UserId) -> Self:
        """Every field that is not empty is a change of it."""
        return cls._of({}, task, id, actor_id)

    @classmethod
    def update(cls, before: Task, after: Task, *, id: ChangeId, actor_id: UserId) -> Self:
        return cls._of(before.plain, after, id, actor_id)

    @classmethod
    def _of(cls, old: Mapping[str, Plain], task: Task, id: ChangeId, actor_id: UserId) -> Self:
        changes = {
            name: FieldChange(old.get(name), new)
            for name, new in task.plain.items()
            if (new or old) and new != old.get(name)
        }
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
        return Action.CREATED if self.version == 1 else Action.UPDATED


@dataclass(frozen=True, slots=True)
class HistoryOf:
    """What a page of history is asked by."""

    task_id: TaskId


@dataclass(frozen=True, slots=True)
class NewestFirst:
    def key(self, change: TaskChange) -> int:
        return change.version

    def valid_key(self, key: object) -> int:
        """A key that came from outside. Raises ValueError if no change could have it."""
        if type(key) is not int or not 1 <= key < 2**31:
            raise ValueError("no change has such a version")
        return key
