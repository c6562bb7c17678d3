"""What the task use cases change, for the log. The history of tasks is part of their data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from application.platform.events import Event
from domain.identity.user import UserId
from domain.tasks.task import Task, TaskId


@dataclass(frozen=True, slots=True)
class TasksWritten(Event):
    """A transaction wrote tasks of one owner."""

    is_audited: ClassVar = False
    owner_id: UserId
    actor_id: UserId
    task_ids: tuple[TaskId, ...]

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> Self:
        """Return the event for tasks of one owner, who is the actor."""
        owner_id = tasks[0].owner_id
        return cls(owner_id, owner_id, tuple(task.id for task in tasks))


@dataclass(frozen=True, slots=True)
class TasksCreated(TasksWritten):
    """Tasks were created."""

    name: ClassVar = "task_created"


@dataclass(frozen=True, slots=True)
class TasksChanged(TasksWritten):
    """Tasks were changed."""

    name: ClassVar = "task_changed"


@dataclass(frozen=True, slots=True)
class TasksDeleted(TasksWritten):
    """Tasks were deleted."""

    name: ClassVar = "task_deleted"
