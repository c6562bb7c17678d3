from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from application.platform.idempotency import Answer
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
from entrypoints.http.framework.idempotency import Keyed, created
from entrypoints.http.framework.preconditions import ExpectedVersions, etag
from entrypoints.http.framework.query_model import in_query
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi.document import answers
from entrypoints.http.schemas.fields import OwnerId

_TASK: Final = TypeAdapter(TaskView)
_TASKS: Final = TypeAdapter(TaskItemsView)

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=Route)


@router.get("", responses=answers(UserNotFound))
async def list_tasks(
    query: Annotated[ListTasksQuery, in_query(ListTasksQuery)], actor: CurrentActor, tasks: Tasks
) -> TaskPageView:
    return TaskPageView.of(await tasks.list(actor, query.to_query(), owner_id=query.owner_id))


@router.post("", status_code=HTTPStatus.CREATED)
async def create_task(
    body: CreateTaskBody, actor: CurrentActor, tasks: Tasks, keyed: Keyed, response: Response
) -> TaskView:
    task = await tasks.create(actor, body.to_command(), once=keyed.once(_task_created) if keyed else None)
    response.headers["Location"] = _place_of(task)
    return _versioned(task, response)


@router.get("/statistics", responses=answers(UserNotFound))
async def get_statistics(actor: CurrentActor, tasks: Tasks, owner_id: OwnerId | None = None) -> StatisticsView:
    return StatisticsView.of(await tasks.statistics(actor, owner_id=owner_id))


@router.post("/bulk", status_code=HTTPStatus.CREATED)
async def create_tasks(body: CreateTasksBody, actor: CurrentActor, batches: TaskBatches, keyed: Keyed) -> TaskItemsView:
    once = keyed.once(_tasks_created) if keyed else None
    return TaskItemsView.of(await batches.create(actor, body.to_commands(), once=once))


@router.patch("/bulk", responses=answers(TaskNotFound, StaleTask))
async def edit_tasks(body: EditTasksBody, actor: CurrentActor, batches: TaskBatches) -> TaskItemsView:
    return TaskItemsView.of(await batches.edit(actor, body.task_ids, **body.updates.to_changes()))


@router.delete("/bulk", status_code=HTTPStatus.NO_CONTENT, responses=answers(TaskNotFound, StaleTask))
async def delete_tasks(body: DeleteTasksBody, actor: CurrentActor, batches: TaskBatches) -> None:
    await batches.delete(actor, body.task_ids)


@router.get("/{task_id}", responses=answers(TaskNotFound, UserNotFound))
async def get_task(
    task_id: TaskIdInPath, actor: CurrentActor, tasks: Tasks, response: Response, owner_id: OwnerId | None = None
) -> TaskView:
    return _versioned(await tasks.get(actor, task_id, owner_id=owner_id), response)


@router.patch("/{task_id}", responses=answers(TaskNotFound))
@router.put("/{task_id}", responses=answers(TaskNotFound))
async def edit_task(
    task_id: TaskIdInPath,
    body: EditTaskBody,
    actor: CurrentActor,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _versioned(await tasks.edit(actor, task_id, versions=versions, **body.to_changes()), response)


@router.delete("/{task_id}", status_code=HTTPStatus.NO_CONTENT, responses=answers(TaskNotFound))
async def delete_task(task_id: TaskIdInPath, actor: CurrentActor, tasks: Tasks, versions: ExpectedVersions) -> None:
    await tasks.delete(actor, task_id, versions=versions)


@router.get("/{task_id}/history", responses=answers(TaskNotFound, UserNotFound))
async def list_history(
    task_id: TaskIdInPath,
    query: Annotated[ListHistoryQuery, in_query(ListHistoryQuery)],
    actor: CurrentActor,
    tasks: Tasks,
) -> HistoryPageView:
    return HistoryPageView.of(await tasks.history(actor, task_id, query.to_paging(), owner_id=query.owner_id))


@router.post("/{task_id}/tags", responses=answers(TaskNotFound))
async def add_tags(
    task_id: TaskIdInPath,
    body: AddTagsBody,
    actor: CurrentActor,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _versioned(await tasks.add_tags(actor, task_id, tuple(body), versions=versions), response)


@router.delete("/{task_id}/tags/{tag}", responses=answers(TaskNotFound, TagNotFound))
async def remove_tag(
    task_id: TaskIdInPath,
    tag: TagInPath,
    actor: CurrentActor,
    tasks: Tasks,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _versioned(await tasks.remove_tag(actor, task_id, tag, versions=versions), response)


def _place_of(task: Task) -> str:
    return f"{router.prefix}/{task.id}"


def _task_created(task: Task) -> Answer:
    return created(TaskView.of(task), _TASK, Location=_place_of(task), ETag=etag(task.version))


def _tasks_created(tasks: list[Task]) -> Answer:
    return created(TaskItemsView.of(tasks), _TASKS)


def _versioned(task: Task, response: Response) -> TaskView:
    response.headers["ETag"] = etag(task.version)
    return TaskView.of(task)
