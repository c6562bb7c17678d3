from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import MISSING, Field, model_validator

from application.paging import TaskPage
from application.task_batches import MAX_BATCH
from application.tasks import CreateTask, ListTasks
from domain.statistics import Statistics
from domain.tag import MAX_TAGS, TagCount
from domain.task import Priority, Status, Task, TaskChanges, resolve_status
from domain.task_query import SortField, TaskFilter, TaskOrder
from entrypoints.http.schemas.body import Body, View
from entrypoints.http.schemas.fields import (
    NO_NUL,
    DescriptionText,
    DueText,
    Flag,
    MomentText,
    Natural,
    PriorityName,
    StatusName,
    TagList,
    TagName,
    TagNames,
    TaskIdText,
    TitleText,
    tags_in,
)


class TaskFields(Body):
    description: DescriptionText | None | MISSING = MISSING
    status: StatusName | MISSING = MISSING
    completed: bool | MISSING = MISSING
    priority: PriorityName | MISSING = MISSING
    due_date: DueText | None | MISSING = MISSING
    tags: TagNames | MISSING = MISSING

    @model_validator(mode="after")
    def _refuse_contradiction(self) -> Self:
        given = self.to_changes()
        resolve_status(Status.PENDING, given.get("status"), given.get("completed"))
        return self

    def to_changes(self) -> TaskChanges:
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "due_date" in given:
            given["due"] = given.pop("due_date")
        if "tags" in given:
            given["tags"] = tuple(given["tags"])
        return cast(TaskChanges, given)


class CreateTaskBody(TaskFields):
    title: TitleText

    def to_command(self) -> CreateTask:
        return CreateTask(**self.to_changes())


class EditTaskBody(TaskFields):
    title: TitleText | MISSING = MISSING

    @model_validator(mode="after")
    def _refuse_nothing(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("at least one field is to be changed")
        return self


TaskIds = Annotated[
    list[TaskIdText], Field(min_length=1, max_length=MAX_BATCH, json_schema_extra={"uniqueItems": True})
]


class CreateTasksBody(Body):
    tasks: Annotated[list[CreateTaskBody], Field(min_length=1, max_length=MAX_BATCH)]

    def to_commands(self) -> list[CreateTask]:
        return [task.to_command() for task in self.tasks]


class EditTasksBody(Body):
    task_ids: TaskIds
    updates: EditTaskBody


class DeleteTasksBody(Body):
    task_ids: TaskIds


AddTagsBody = Annotated[list[TagName], Field(min_length=1, max_length=MAX_TAGS)]


class RenameTagBody(Body):
    name: TagName


class ListTasksQuery(Body):
    status: list[StatusName] = []
    priority: list[PriorityName] = []
    tag: Annotated[list[TagName], Field(max_length=MAX_TAGS)] = []
    tags: TagList | None = Field(None, description="several tags, separated by commas; all must be there")
    completed: Flag | None = None
    overdue: Flag | None = None
    search: Annotated[str, Field(max_length=TaskFilter.MAX_SEARCH, pattern=NO_NUL)] = ""
    created_after: MomentText | None = None
    created_before: MomentText | None = None
    due_after: MomentText | None = None
    due_before: MomentText | None = None
    sort_by: Annotated[SortField, Field(strict=False)] = SortField.CREATED_AT
    sort_order: Literal["asc", "desc"] = "desc"
    skip: Annotated[Natural, Field(ge=0, le=100_000, strict=False)] = 0
    limit: Annotated[Natural, Field(ge=1, le=100, strict=False)] = 20
    cursor: str | None = Field(None, description="`next_cursor` of the page before; not together with skip")

    @model_validator(mode="after")
    def _refuse_two_ways_of_paging(self) -> Self:
        if self.cursor is not None and self.skip:
            raise ValueError("a page begins at a cursor or after a number of tasks, not both")
        return self

    def to_query(self) -> ListTasks:
        return ListTasks(
            filter=TaskFilter(
                statuses=frozenset(self.status),
                priorities=frozenset(self.priority),
                tags=frozenset(self.tag) | tags_in(self.tags or ""),
                completed=self.completed,
                overdue=self.overdue,
                search=self.search,
                created_after=self.created_after,
                created_before=self.created_before,
                due_after=self.due_after,
                due_before=self.due_before,
            ),
            order=TaskOrder(self.sort_by, self.sort_order == "desc"),
            limit=self.limit,
            skip=self.skip,
            cursor=self.cursor,
        )


class TaskView(View):
    id: UUID
    owner_id: UUID
    title: str
    description: str | None
    status: Status
    completed: bool
    priority: Priority
    due_date: date | datetime | None
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    version: int

    @classmethod
    def of(cls, task: Task) -> Self:
        return cls(
            id=task.id,
            owner_id=task.owner_id,
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


class TaskPageView(View):
    items: list[TaskView]
    total: int | None
    total_capped: bool
    skip: int | None
    limit: int
    next_cursor: str | None

    @classmethod
    def of(cls, page: TaskPage) -> Self:
        return cls(
            items=[TaskView.of(task) for task in page.items],
            total=page.total,
            total_capped=page.total_capped,
            skip=page.skip,
            limit=page.limit,
            next_cursor=page.next_cursor,
        )


class TaskItemsView(View):
    items: list[TaskView]

    @classmethod
    def of(cls, tasks: list[Task]) -> Self:
        return cls(items=[TaskView.of(task) for task in tasks])


class TagCountView(View):
    name: str
    task_count: int

    @classmethod
    def of(cls, count: TagCount) -> Self:
        return cls(name=count.tag.name, task_count=count.task_count)


class TagCountsView(View):
    items: list[TagCountView]

    @classmethod
    def of(cls, counts: list[TagCount]) -> Self:
        return cls(items=[TagCountView.of(count) for count in counts])


class StatisticsView(View):
    total: int
    completed: int
    incomplete: int
    overdue: int
    due_today: int
    due_this_week: int
    completion_rate: float
    by_status: dict[Status, int]
    by_priority: dict[Priority, int]
    by_tag: dict[str, int]
    created_last_7_days: int
    completed_last_7_days: int
    average_completion_seconds: float | None

    @classmethod
    def of(cls, statistics: Statistics) -> Self:
        return cls(
            total=statistics.total,
            completed=statistics.completed,
            incomplete=statistics.incomplete,
            overdue=statistics.overdue,
            due_today=statistics.due_today,
            due_this_week=statistics.due_this_week,
            completion_rate=statistics.completion_rate,
            by_status=statistics.by_status,
            by_priority=statistics.by_priority,
            by_tag={tag.name: count for tag, count in statistics.by_tag.items()},
            created_last_7_days=statistics.created_last_7_days,
            completed_last_7_days=statistics.completed_last_7_days,
            average_completion_seconds=statistics.average_completion_seconds,
        )
