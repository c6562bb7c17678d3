from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from application.platform.paging import Page
from domain.tasks.history import TaskChange
from entrypoints.http.schemas.fields import WIRE_NAMES, IdText, OwnerId
from entrypoints.http.schemas.paging import PageQuery, PageView


class ListHistoryQuery(PageQuery):
    owner_id: OwnerId = None


@dataclass(slots=True)
class FieldChangeView:
    """A change of one field."""

    old: str | list[str] | None
    """The value before the change, or null."""
    new: str | list[str] | None
    """The value after the change, or null."""


@dataclass(slots=True)
class TaskChangeView:
    """A change of a task."""

    id: IdText
    """The id of the change."""
    action: Literal["created", "updated"]
    """Whether the task was created or updated."""
    actor_id: IdText
    """The id of the user who made the change."""
    at: datetime
    """When the task was changed."""
    changes: dict[str, FieldChangeView]
    """The changed fields by name, with the values before and after."""

    @classmethod
    def of(cls, change: TaskChange) -> Self:
        return cls(
            id=str(change.id),
            action=change.action.value,
            actor_id=str(change.actor_id),
            at=change.at,
            changes={
                WIRE_NAMES.get(name, name): FieldChangeView(field.old, field.new)
                for name, field in change.changes.items()
            },
        )


@dataclass(slots=True)
class HistoryPageView(PageView):
    """A page of changes."""

    items: list[TaskChangeView]
    """The changes of this page, newest first."""

    @classmethod
    def of(cls, page: Page[TaskChange]) -> Self:
        return cls.from_page(page, TaskChangeView.of)


@dataclass(slots=True)
class ExportedChangeView(TaskChangeView):
    """A change as part of an export, where the task is not known from the URL."""

    task_id: IdText
    """The id of the changed task."""

    @classmethod
    def of(cls, change: TaskChange) -> Self:
        view = TaskChangeView.of(change)
        return cls(view.id, view.action, view.actor_id, view.at, view.changes, str(change.task_id))
