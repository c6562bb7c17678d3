from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from application.platform.paging import Page
from domain.tasks.history import TaskChange
from entrypoints.http.schemas.fields import WIRE_NAMES, IdText, OwnerId
from entrypoints.http.schemas.paging import PageQuery, PageView


class ListHistoryQuery(PageQuery):
    owner_id: OwnerId | None = None


@dataclass(slots=True)
class FieldChangeView:
    old: str | list[str] | None
    new: str | list[str] | None


@dataclass(slots=True)
class TaskChangeView:
    id: IdText
    action: Literal["created", "updated"]
    actor_id: IdText
    at: datetime
    changes: dict[str, FieldChangeView]

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
    items: list[TaskChangeView]

    @classmethod
    def of(cls, page: Page[TaskChange]) -> Self:
        return cls.from_page(page, TaskChangeView.of)


@dataclass(slots=True)
class ExportedChangeView(TaskChangeView):
    """A change as part of an export, where the task is not known from the URL."""

    task_id: IdText

    @classmethod
    def of(cls, change: TaskChange) -> Self:
        view = TaskChangeView.of(change)
        return cls(view.id, view.action, view.actor_id, view.at, view.changes, str(change.task_id))
