from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, cast

from pydantic import MISSING, ConfigDict, FailFast, Field, model_validator

from application.platform.paging import Page
from application.tasks.batches import MAX_BATCH_SIZE
from application.tasks.tasks import CreateTask, ListTasks
from domain.tasks.status import check_completion
from domain.tasks.task import Task, TaskChanges
from domain.tasks.task_query import SortField, TaskFilter, TaskOrder
from entrypoints.http.schemas.body import Body
from entrypoints.http.schemas.fields import (
    DescriptionText,
    DueText,
    IdText,
    OwnerId,
    PriorityName,
    PriorityText,
    StatusName,
    StatusText,
    TagNames,
    TaskIdText,
    TitleText,
    at_most,
    some_errors,
)
from entrypoints.http.schemas.filters import FilterQuery, filter_query
from entrypoints.http.schemas.paging import PageView

MAX_TASK_BODY: Final = 128 * 1024
"""Bytes. If each character is escaped, the longest title and description and 20 tags have 37 KiB. Decomposed tags need
up to four times as much; see `MAX_DECOMPOSITION`."""


class TaskFields(Body):
    description: DescriptionText | None | MISSING = MISSING
    status: StatusName | MISSING = MISSING
    completed: bool | MISSING = MISSING
    priority: PriorityName | MISSING = MISSING
    due_date: DueText | None | MISSING = MISSING
    tags: TagNames | MISSING = MISSING

    @model_validator(mode="after")
    def _check_completion(self) -> Self:
        changes = self.to_changes()
        check_completion(changes.get("status"), changes.get("completed"))
        return self

    def to_changes(self) -> TaskChanges:
        changes: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "due_date" in changes:
            changes["due"] = changes.pop("due_date")
        return cast(TaskChanges, changes)


class CreateTaskBody(TaskFields):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Learn SQLAlchemy", "priority": "high", "due_date": "2025-12-01", "tags": ["study", "python"]}
            ],
        }
    )

    title: TitleText

    def to_command(self) -> CreateTask:
        return CreateTask(**self.to_changes())


class EditTaskBody(TaskFields):
    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "examples": [{"completed": True, "priority": "low"}],
        }
    )

    title: TitleText | MISSING = MISSING

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("at least one field must be changed")
        return self


TaskIds = Annotated[
    list[TaskIdText],
    Field(min_length=1, max_length=MAX_BATCH_SIZE, json_schema_extra={"uniqueItems": True}),
    at_most(MAX_BATCH_SIZE),
]


class CreateTasksBody(Body):
    tasks: Annotated[
        list[CreateTaskBody],
        FailFast(),
        Field(min_length=1, max_length=MAX_BATCH_SIZE),
        some_errors(20),
        at_most(MAX_BATCH_SIZE),
    ]

    def to_commands(self) -> list[CreateTask]:
        return [task.to_command() for task in self.tasks]


class EditTasksBody(Body):
    task_ids: TaskIds
    updates: EditTaskBody


class DeleteTasksBody(Body):
    task_ids: TaskIds


AddTagsBody = Annotated[TagNames, Field(min_length=1)]


if TYPE_CHECKING:
    TaskFilterQuery = FilterQuery
else:
    TaskFilterQuery = filter_query(TaskFilter)


class ListTasksQuery(TaskFilterQuery):
    sort_by: Annotated[SortField, Field(strict=False)] = SortField.CREATED_AT
    sort_order: Literal["asc", "desc"] = "desc"
    owner_id: OwnerId | None = None

    def to_query(self) -> ListTasks:
        return ListTasks(
            filter=self.to_filter(TaskFilter),
            order=TaskOrder(self.sort_by, self.sort_order == "desc"),
            paging=self.to_paging(),
        )


@dataclass(slots=True)
class TaskView:
    id: IdText
    owner_id: IdText
    title: str
    description: str | None
    status: StatusText
    completed: bool
    priority: PriorityText
    due_date: date | datetime | None
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    version: int

    @classmethod
    def of(cls, task: Task) -> Self:
        return cls(
            id=str(task.id),
            owner_id=str(task.owner_id),
            title=task.title,
            description=task.description,
            status=task.status,
            completed=task.completed,
            priority=task.priority,
            due_date=task.due.at if task.due else None,
            tags=[tag.name for tag in task.tags],
            created_at=task.created_at,
            updated_at=task.updated_at,
            completed_at=task.completed_at,
            version=task.version,
        )


@dataclass(slots=True)
class TaskPageView(PageView):
    items: list[TaskView]

    @classmethod
    def of(cls, page: Page[Task]) -> Self:
        return cls.from_page(page, TaskView.of)


@dataclass(slots=True)
class TaskItemsView:
    items: list[TaskView]

    @classmethod
    def of(cls, tasks: list[Task]) -> Self:
        return cls(items=[TaskView.of(task) for task in tasks])
