from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Response
from pydantic import TypeAdapter

from domain.errors import StaleTask, TagNotFound, TaskNotFound, UserNotFound
from domain.tasks.task import Task
from entrypoints.http.api.dependencies import CurrentActor, CurrentServices, ExpectedVersions, Idempotent
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
from entrypoints.http.framework.idempotency import StoredResponse, created
from entrypoints.http.framework.preconditions import etag
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router
from entrypoints.http.schemas.fields import OwnerId

_TASK: Final = TypeAdapter(TaskView)
_TASKS: Final = TypeAdapter(TaskItemsView)

router = Router("/api/v1/tasks", tag="tasks")


@router.get("", errors=[UserNotFound])
async def list_tasks(
    query: Annotated[ListTasksQuery, QueryParameters(ListTasksQuery)], actor: CurrentActor, services: CurrentServices
) -> TaskPageView:
    return TaskPageView.of(await services.tasks.list(actor, query.to_query(), owner_id=query.owner_id))


@router.post("", status=HTTPStatus.CREATED, is_versioned=True)
async def create_task(
    body: CreateTaskBody, actor: CurrentActor, services: CurrentServices, idempotent: Idempotent, response: Response
) -> TaskView:
    task = await services.tasks.create(
        actor, body.to_command(), idempotent_write=idempotent.write(_created_task) if idempotent else None
    )
    response.headers["Location"] = _location_url(task)
    return _with_etag(task, response)


@router.get("/statistics", errors=[UserNotFound])
async def get_statistics(
    actor: CurrentActor, services: CurrentServices, owner_id: OwnerId | None = None
) -> StatisticsView:
    return StatisticsView.of(await services.tasks.statistics(actor, owner_id=owner_id))


@router.post("/bulk", status=HTTPStatus.CREATED)
async def create_tasks(
    body: CreateTasksBody, actor: CurrentActor, services: CurrentServices, idempotent: Idempotent
) -> TaskItemsView:
    idempotent_write = idempotent.write(_created_tasks) if idempotent else None
    return TaskItemsView.of(
        await services.task_batches.create(actor, body.to_commands(), idempotent_write=idempotent_write)
    )


@router.patch("/bulk", errors=[TaskNotFound, StaleTask])
async def edit_tasks(body: EditTasksBody, actor: CurrentActor, services: CurrentServices) -> TaskItemsView:
    return TaskItemsView.of(await services.task_batches.edit(actor, body.task_ids, **body.updates.to_changes()))


@router.delete("/bulk", status=HTTPStatus.NO_CONTENT, errors=[TaskNotFound, StaleTask])
async def delete_tasks(body: DeleteTasksBody, actor: CurrentActor, services: CurrentServices) -> None:
    await services.task_batches.delete(actor, body.task_ids)


@router.get("/{task_id}", errors=[TaskNotFound, UserNotFound], is_versioned=True)
async def get_task(
    task_id: TaskIdInPath,
    actor: CurrentActor,
    services: CurrentServices,
    response: Response,
    owner_id: OwnerId | None = None,
) -> TaskView:
    return _with_etag(await services.tasks.get(actor, task_id, owner_id=owner_id), response)


@router.patch("/{task_id}", errors=[TaskNotFound], is_versioned=True)
@router.put("/{task_id}", errors=[TaskNotFound], is_versioned=True)
async def edit_task(
    task_id: TaskIdInPath,
    body: EditTaskBody,
    actor: CurrentActor,
    services: CurrentServices,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _with_etag(await services.tasks.edit(actor, task_id, versions=versions, **body.to_changes()), response)


@router.delete("/{task_id}", status=HTTPStatus.NO_CONTENT, errors=[TaskNotFound])
async def delete_task(
    task_id: TaskIdInPath, actor: CurrentActor, services: CurrentServices, versions: ExpectedVersions
) -> None:
    await services.tasks.delete(actor, task_id, versions=versions)


@router.get("/{task_id}/history", errors=[TaskNotFound, UserNotFound])
async def list_history(
    task_id: TaskIdInPath,
    query: Annotated[ListHistoryQuery, QueryParameters(ListHistoryQuery)],
    actor: CurrentActor,
    services: CurrentServices,
) -> HistoryPageView:
    return HistoryPageView.of(await services.tasks.history(actor, task_id, query.to_paging(), owner_id=query.owner_id))


@router.post("/{task_id}/tags", errors=[TaskNotFound], is_versioned=True)
async def add_tags(
    task_id: TaskIdInPath,
    body: AddTagsBody,
    actor: CurrentActor,
    services: CurrentServices,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _with_etag(await services.tasks.add_tags(actor, task_id, tuple(body), versions=versions), response)


@router.delete("/{task_id}/tags/{tag}", errors=[TaskNotFound, TagNotFound], is_versioned=True)
async def remove_tag(
    task_id: TaskIdInPath,
    tag: TagInPath,
    actor: CurrentActor,
    services: CurrentServices,
    versions: ExpectedVersions,
    response: Response,
) -> TaskView:
    return _with_etag(await services.tasks.remove_tag(actor, task_id, tag, versions=versions), response)


def _location_url(task: Task) -> str:
    return f"{router.prefix}/{task.id}"


def _created_task(task: Task) -> StoredResponse:
    return created(TaskView.of(task), _TASK, Location=_location_url(task), ETag=etag(task.version))


def _created_tasks(tasks: list[Task]) -> StoredResponse:
    return created(TaskItemsView.of(tasks), _TASKS)


def _with_etag(task: Task, response: Response) -> TaskView:
    response.headers["ETag"] = etag(task.version)
    return TaskView.of(task)
