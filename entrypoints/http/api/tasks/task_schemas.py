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
    """More about the task: at most 2,000 characters, or null."""
    status: StatusName | MISSING = MISSING
    """The state of the task. Any status may follow any other. Do not contradict `completed`."""
    completed: bool | MISSING = MISSING
    """`true` completes the task, `false` reopens a completed one as `pending`. It is another way to set `status`."""
    priority: PriorityName | MISSING = MISSING
    """How important the task is."""
    due_date: DueText | None | MISSING = MISSING
    """When the task is due: a day in your time zone (`2025-12-01`), an instant with an offset
    (`2025-12-01T18:00:00+01:00`), or null.
    """
    tags: TagNames | MISSING = MISSING
    """The tags of the task, which replace all existing ones: up to 20 different ones of 1 to 50 characters, without
    comma, slash and control characters. Case and width of letters are ignored: `Study` becomes `study`.
    """

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
    """A new task. Without other values it is pending, of medium priority, and has no due date and no tags."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Learn SQLAlchemy", "priority": "high", "due_date": "2025-12-01", "tags": ["study", "python"]}
            ],
        }
    )

    title: TitleText
    """What is to do: 1 to 255 characters after trimming, not blank."""

    def to_command(self) -> CreateTask:
        return CreateTask(**self.to_changes())


class EditTaskBody(TaskFields):
    """Changes of a task. Missing fields stay unchanged; null clears `description` or `due_date`."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "examples": [{"completed": True, "priority": "low"}],
        }
    )

    title: TitleText | MISSING = MISSING
    """What is to do: 1 to 255 characters after trimming, not blank."""

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
    """Several new tasks."""

    tasks: Annotated[
        list[CreateTaskBody],
        FailFast(),
        Field(min_length=1, max_length=MAX_BATCH_SIZE),
        some_errors(20),
        at_most(MAX_BATCH_SIZE),
    ]
    """The new tasks, 1 to 100. All of them are created, or none."""

    def to_commands(self) -> list[CreateTask]:
        return [task.to_command() for task in self.tasks]


class EditTasksBody(Body):
    """The same changes for several tasks."""

    task_ids: TaskIds
    """The ids of the tasks to change, 1 to 100 different ones."""
    updates: EditTaskBody
    """The changes that each task gets."""


class DeleteTasksBody(Body):
    """Several tasks to delete."""

    task_ids: TaskIds
    """The ids of the tasks to delete, 1 to 100 different ones."""


AddTagsBody = Annotated[TagNames, Field(min_length=1)]


if TYPE_CHECKING:
    TaskFilterQuery = FilterQuery
else:
    TaskFilterQuery = filter_query(TaskFilter)


class ListTasksQuery(TaskFilterQuery):
    sort_by: Annotated[SortField, Field(strict=False)] = SortField.CREATED_AT
    """The field that decides the order. Titles sort ignoring case, statuses and priorities in the order of their list.
    A due day counts as its end in UTC. Tasks without a due date come last in both directions.
    """
    sort_order: Literal["asc", "desc"] = "desc"
    """Ascending or descending. Equal tasks are sorted by id in the same direction."""
    owner_id: OwnerId = None

    def to_query(self) -> ListTasks:
        return ListTasks(
            filter=self.to_filter(TaskFilter),
            order=TaskOrder(self.sort_by, self.sort_order == "desc"),
            paging=self.to_paging(),
        )


@dataclass(slots=True)
class TaskView:
    """A task of a user."""

    id: IdText
    """The id of the task. It never changes."""
    owner_id: IdText
    """The id of the user whose task this is."""
    title: str
    """What is to do."""
    description: str | None
    """More about the task, or null."""
    status: StatusText
    """The state of the task."""
    completed: bool
    """Whether the status is `completed`."""
    priority: PriorityText
    """How important the task is."""
    due_date: date | datetime | None
    """When the task is due: a day in the time zone of the owner, an instant, or null. It has the kind that was given.
    """
    tags: list[str]
    """The tags in lower case, sorted and without duplicates."""
    created_at: datetime
    """When the task was created."""
    updated_at: datetime
    """When the task was last changed. A change that changes nothing does not count."""
    completed_at: datetime | None
    """When the task was completed, or null if it is not completed."""
    version: int
    """The version of the task, which is also its `ETag`. It is 1 at first and grows with each change."""

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
    """A page of tasks."""

    items: list[TaskView]
    """The tasks of this page."""

    @classmethod
    def of(cls, page: Page[Task]) -> Self:
        return cls.from_page(page, TaskView.of)


@dataclass(slots=True)
class TaskItemsView:
    """The tasks of a bulk request."""

    items: list[TaskView]
    """The tasks in the order of the request."""

    @classmethod
    def of(cls, tasks: list[Task]) -> Self:
        return cls(items=[TaskView.of(task) for task in tasks])
