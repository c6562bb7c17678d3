from http import HTTPStatus
from typing import Annotated

from domain.errors import LimitReached, StaleTask, TagNotFound, TaskNotFound, UserNotFound
from entrypoints.http.api.dependencies import App, CurrentActor, ExpectedVersions, Idempotent
from entrypoints.http.api.paths import TagInPath, TaskIdInPath
from entrypoints.http.api.tasks.history_schemas import HistoryPageView, ListHistoryQuery
from entrypoints.http.api.tasks.statistics_schemas import StatisticsView
from entrypoints.http.api.tasks.task_schemas import (
    MAX_TASK_BODY,
    AddTagsBody,
    CreateTaskBody,
    CreateTasksBody,
    DeleteTasksBody,
    EditTaskBody,
    EditTasksBody,
    ListTasksQuery,
    TaskItemsView,
    TaskPageView,
    TaskView,
)
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router
from entrypoints.http.schemas.fields import OwnerId

router = Router("/api/v1/tasks", tag="tasks")


@router.get("", errors=[UserNotFound])
async def list_tasks(
    query: Annotated[ListTasksQuery, QueryParameters(ListTasksQuery)], actor: CurrentActor, app: App
) -> TaskPageView:
    return TaskPageView.of(await app.tasks.list(actor, query.to_query(), owner_id=query.owner_id))


@router.post(
    "",
    status=HTTPStatus.CREATED,
    errors=[LimitReached],
    location="/api/v1/tasks/{id}",
    is_versioned=True,
    max_body=MAX_TASK_BODY,
)
async def create_task(body: CreateTaskBody, actor: CurrentActor, app: App, idempotent: Idempotent) -> TaskView:
    write = idempotent.write(TaskView.of)
    return TaskView.of(await app.tasks.create(actor, body.to_command(), idempotent_write=write))


@router.get("/statistics", errors=[UserNotFound])
async def get_statistics(actor: CurrentActor, app: App, owner_id: OwnerId | None = None) -> StatisticsView:
    return StatisticsView.of(await app.tasks.statistics(actor, owner_id=owner_id))


@router.post("/bulk", status=HTTPStatus.CREATED, errors=[LimitReached], max_body=None)
async def create_tasks(body: CreateTasksBody, actor: CurrentActor, app: App, idempotent: Idempotent) -> TaskItemsView:
    write = idempotent.write(TaskItemsView.of)
    return TaskItemsView.of(await app.task_batches.create(actor, body.to_commands(), idempotent_write=write))


@router.patch("/bulk", errors=[TaskNotFound, StaleTask, LimitReached], max_body=MAX_TASK_BODY)
async def edit_tasks(body: EditTasksBody, actor: CurrentActor, app: App) -> TaskItemsView:
    return TaskItemsView.of(await app.task_batches.edit(actor, body.task_ids, **body.updates.to_changes()))


@router.delete("/bulk", status=HTTPStatus.NO_CONTENT, errors=[TaskNotFound, StaleTask])
async def delete_tasks(body: DeleteTasksBody, actor: CurrentActor, app: App) -> None:
    await app.task_batches.delete(actor, body.task_ids)


@router.get("/{task_id}", errors=[TaskNotFound, UserNotFound], is_versioned=True)
async def get_task(task_id: TaskIdInPath, actor: CurrentActor, app: App, owner_id: OwnerId | None = None) -> TaskView:
    return TaskView.of(await app.tasks.get(actor, task_id, owner_id=owner_id))


@router.patch("/{task_id}", errors=[TaskNotFound, LimitReached], is_versioned=True, max_body=MAX_TASK_BODY)
@router.put("/{task_id}", errors=[TaskNotFound, LimitReached], is_versioned=True, max_body=MAX_TASK_BODY)
async def edit_task(
    task_id: TaskIdInPath, body: EditTaskBody, actor: CurrentActor, app: App, versions: ExpectedVersions
) -> TaskView:
    return TaskView.of(await app.tasks.edit(actor, task_id, versions=versions, **body.to_changes()))


@router.delete("/{task_id}", status=HTTPStatus.NO_CONTENT, errors=[TaskNotFound])
async def delete_task(task_id: TaskIdInPath, actor: CurrentActor, app: App, versions: ExpectedVersions) -> None:
    await app.tasks.delete(actor, task_id, versions=versions)


@router.get("/{task_id}/history", errors=[TaskNotFound, UserNotFound])
async def list_history(
    task_id: TaskIdInPath,
    query: Annotated[ListHistoryQuery, QueryParameters(ListHistoryQuery)],
    actor: CurrentActor,
    app: App,
) -> HistoryPageView:
    return HistoryPageView.of(await app.tasks.history(actor, task_id, query.to_paging(), owner_id=query.owner_id))


@router.post("/{task_id}/tags", errors=[TaskNotFound, LimitReached], is_versioned=True, max_body=MAX_TASK_BODY)
async def add_tags(
    task_id: TaskIdInPath, body: AddTagsBody, actor: CurrentActor, app: App, versions: ExpectedVersions
) -> TaskView:
    return TaskView.of(await app.tasks.add_tags(actor, task_id, tuple(body), versions=versions))


@router.delete("/{task_id}/tags/{tag}", errors=[TaskNotFound, TagNotFound], is_versioned=True)
async def remove_tag(
    task_id: TaskIdInPath, tag: TagInPath, actor: CurrentActor, app: App, versions: ExpectedVersions
) -> TaskView:
    return TaskView.of(await app.tasks.remove_tag(actor, task_id, tag, versions=versions))
