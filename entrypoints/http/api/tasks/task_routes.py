from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from domain.errors import StaleTask, TagNotFound, TaskNotFound, UserNotFound
from domain.tasks.task import Task
from entrypoints.http.api.dependencies import TaskBatches, Tasks
from entrypoints.http.api.paths import TagInPath, TaskIdInPath
from entrypoints.http.api.tasks.history_schemas import HistoryPageView, ListHistoryQuery
from entrypoints.http.api.tasks.statistics_schemas import StatisticsView
from entrypoints.http.api.tasks.task_schemas import (
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
from entrypoints.http.framework.authentication import CurrentActor
from entrypoints.http.framework.idempotency import Idempotent, StoredResponse, created
from entrypoints.http.framework.preconditions import ExpectedVersions, etag
from entrypoints.http.framework.query_model import query_parameters
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi.document import error_responses
from entrypoints.http.schemas.fields import OwnerId

_TASK: Final = TypeAdapter(TaskView)
_TASKS: Final = TypeAdapter(TaskItemsView)

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=Route)


@router.get("", responses=error_responses(UserNotFound))
async def list_tasks(
    query: Annotated[ListTasksQuery, query_parameters(ListTasksQuery)], actor: CurrentActor, tasks: Tasks
) -> TaskPageView:
    return TaskPageView.of(await tasks.list(actor, query.to_query(), owner_id=query.owner_id))


@router.post("", status_code=HTTPStatus.CREATED)
async def create_task(
    body: CreateTaskBody, actor: CurrentActor, tasks: Tasks, idempotent: Idempotent, response: Response
) -> TaskView:
    task = await tasks.create(
        actor, body.to_command(), idempotent_write=idempotent.write(_created_task) if idempotent else None
    )
    response.headers["Location"] = _location_url(task)
    return _with_etag(task, response)


@router.get("/statistics", responses=error_responses(UserNotFound))
async def get_statistics(actor: CurrentActor, tasks: Tasks, owner_id: OwnerId | None = None) -> StatisticsView:
    return StatisticsView.of(await tasks.statistics(actor, owner_id=owner_id))


@router.post("/bulk", status_code=HTTPStatus.CREATED)
async def create_tasks(
    body: CreateTasksBody, actor: CurrentActor, batches: TaskBatches, idempotent: Idempotent
) -> TaskItemsView:
    idempotent_write = idempotent.write(_created_tasks) if idempotent else None
    return TaskItemsView.of(await batches.create(actor, body.to_commands(), idempotent_write=idempotent_write))


@router.patch("/bulk", responses=error_responses(TaskNotFound, StaleTask))
async def edit_tasks(body: EditTasksBody, actor: CurrentActor, batches: TaskBatches) -> TaskItemsView:
    return TaskItemsView.of(await batches.edit(actor, body.task_ids, **body.updates.to_changes()))


@router.delete("/bulk", status_code=HTTPStatus.NO_CONTENT, responses=error_responses(TaskNotFound, StaleTask))
async def delete_tasks(body: DeleteTasksBody, actor: CurrentActor, batches: TaskBatches) -> None:
    await batches.delete(actor, body.task_ids)


@router.get("/{task_id}", responses=error_responses(TaskNotFound, UserNotFound))
async def get_task(
    task_id: TaskIdInPath, actor: CurrentActor, tasks: Tasks, response: Response, owner_id: OwnerId | None = None
) -> TaskView:
    return _with_etag(await tasks.get(actor, task_id, owner_id=owner_id), response)


@router.patch("/{task_id}", responses=error_responses(TaskNotFound))
@router.put("/{task_id}", responses=error_responses(TaskNotFound))
async def edit_task(
    task_id: TaskIdInPath,
    body: EditTaskBody,
    actor: CurrentActor,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _with_etag(await tasks.edit(actor, task_id, versions=versions, **body.to_changes()), response)


@router.delete("/{task_id}", status_code=HTTPStatus.NO_CONTENT, responses=error_responses(TaskNotFound))
async def delete_task(task_id: TaskIdInPath, actor: CurrentActor, tasks: Tasks, versions: ExpectedVersions) -> None:
    await tasks.delete(actor, task_id, versions=versions)


@router.get("/{task_id}/history", responses=error_responses(TaskNotFound, UserNotFound))
async def list_history(
    task_id: TaskIdInPath,
    query: Annotated[ListHistoryQuery, query_parameters(ListHistoryQuery)],
    actor: CurrentActor,
    tasks: Tasks,
) -> HistoryPageView:
    return HistoryPageView.of(await tasks.history(actor, task_id, query.to_paging(), owner_id=query.owner_id))


@router.post("/{task_id}/tags", responses=error_responses(TaskNotFound))
async def add_tags(
    task_id: TaskIdInPath,
    body: AddTagsBody,
    actor: CurrentActor,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _with_etag(await tasks.add_tags(actor, task_id, tuple(body), versions=versions), response)


@router.delete("/{task_id}/tags/{tag}", responses=error_responses(TaskNotFound, TagNotFound))
async def remove_tag(
    task_id: TaskIdInPath,
    tag: TagInPath,
    actor: CurrentActor,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _with_etag(await tasks.remove_tag(actor, task_id, tag, versions=versions), response)


def _location_url(task: Task) -> str:
    return f"{router.prefix}/{task.id}"


def _created_task(task: Task) -> StoredResponse:
    return created(TaskView.of(task), _TASK, Location=_location_url(task), ETag=etag(task.version))


def _created_tasks(tasks: list[Task]) -> StoredResponse:
    return created(TaskItemsView.of(tasks), _TASKS)


def _with_etag(task: Task, response: Response) -> TaskView:
    response.headers["ETag"] = etag(task.version)
    return TaskView.of(task)
