from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from domain.errors import TagNotFound, TaskNotFound
from domain.task import Task
from entrypoints.http.dependencies import CurrentUser, TaskBatches, Tasks
from entrypoints.http.openapi import answers
from entrypoints.http.paths import TagInPath, TaskIdInPath
from entrypoints.http.preconditions import ExpectedVersions, etag
from entrypoints.http.routing import Route
from entrypoints.http.schemas.tasks import (
    AddTagsBody,
    CreateTaskBody,
    CreateTasksBody,
    DeleteTasksBody,
    EditTaskBody,
    EditTasksBody,
    ListTasksQuery,
    StatisticsView,
    TaskItemsView,
    TaskPageView,
    TaskView,
)

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=Route)


@router.get("")
async def list_tasks(query: Annotated[ListTasksQuery, Query()], user: CurrentUser, tasks: Tasks) -> TaskPageView:
    return TaskPageView.of(await tasks.list(user, query.to_query()))


@router.post("", status_code=HTTPStatus.CREATED)
async def create_task(body: CreateTaskBody, user: CurrentUser, tasks: Tasks, response: Response) -> TaskView:
    task = await tasks.create(user, body.to_command())
    response.headers["Location"] = f"{router.prefix}/{task.id}"
    return _versioned(task, response)


@router.get("/statistics")
async def get_statistics(user: CurrentUser, tasks: Tasks) -> StatisticsView:
    return StatisticsView.of(await tasks.statistics(user))


@router.post("/bulk", status_code=HTTPStatus.CREATED)
async def create_tasks(body: CreateTasksBody, user: CurrentUser, batches: TaskBatches) -> TaskItemsView:
    return TaskItemsView.of(await batches.create(user, body.to_commands()))


@router.patch("/bulk", responses=answers(TaskNotFound))
async def edit_tasks(body: EditTasksBody, user: CurrentUser, batches: TaskBatches) -> TaskItemsView:
    return TaskItemsView.of(await batches.edit(user, body.task_ids, **body.updates.to_changes()))


@router.delete("/bulk", status_code=HTTPStatus.NO_CONTENT, responses=answers(TaskNotFound))
async def delete_tasks(body: DeleteTasksBody, user: CurrentUser, batches: TaskBatches) -> None:
    await batches.delete(user, body.task_ids)


@router.get("/{task_id}", responses=answers(TaskNotFound))
async def get_task(task_id: TaskIdInPath, user: CurrentUser, tasks: Tasks, response: Response) -> TaskView:
    return _versioned(await tasks.get(user, task_id), response)


@router.patch("/{task_id}", responses=answers(TaskNotFound))
@router.put("/{task_id}", responses=answers(TaskNotFound))
async def edit_task(
    task_id: TaskIdInPath,
    body: EditTaskBody,
    user: CurrentUser,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _versioned(await tasks.edit(user, task_id, versions=versions, **body.to_changes()), response)


@router.delete("/{task_id}", status_code=HTTPStatus.NO_CONTENT, responses=answers(TaskNotFound))
async def delete_task(task_id: TaskIdInPath, user: CurrentUser, tasks: Tasks, versions: ExpectedVersions) -> None:
    await tasks.delete(user, task_id, versions=versions)


@router.post("/{task_id}/tags", responses=answers(TaskNotFound))
async def add_tags(
    task_id: TaskIdInPath,
    body: AddTagsBody,
    user: CurrentUser,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _versioned(await tasks.add_tags(user, task_id, tuple(body), versions=versions), response)


@router.delete("/{task_id}/tags/{tag}", responses=answers(TaskNotFound, TagNotFound))
async def remove_tag(
    task_id: TaskIdInPath,
    tag: TagInPath,
    user: CurrentUser,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _versioned(await tasks.remove_tag(user, task_id, tag, versions=versions), response)


def _versioned(task: Task, response: Response) -> TaskView:
    response.headers["ETag"] = etag(task.version)
    return TaskView.of(task)
