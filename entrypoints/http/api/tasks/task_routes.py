from http import HTTPStatus
from typing import Annotated

from domain.errors import LimitReached, StaleTask, TagNotFound, TaskNotFound, UserNotFound
from entrypoints.http.api.dependencies import App, CurrentActor, ExpectedVersions, Idempotent
from entrypoints.http.api.paths import TagInPath, TaskIdInPath
from entrypoints.http.api.tasks import examples
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


@router.get("", errors=[UserNotFound], example=examples.LIST_TASKS)
async def list_tasks(
    query: Annotated[ListTasksQuery, QueryParameters(ListTasksQuery)], actor: CurrentActor, app: App
) -> TaskPageView:
    """List tasks.

    Returns the tasks that meet all filters, newest first by default. `status`, `priority` and `tag` can be repeated.

    Returns:
        A page of tasks.
    """
    return TaskPageView.of(await app.tasks.list(actor, query.to_query(), owner_id=query.owner_id))


@router.post(
    "",
    status=HTTPStatus.CREATED,
    errors=[LimitReached],
    location="/api/v1/tasks/{id}",
    is_versioned=True,
    max_body=MAX_TASK_BODY,
    example=examples.CREATE_TASK,
)
async def create_task(body: CreateTaskBody, actor: CurrentActor, app: App, idempotent: Idempotent) -> TaskView:
    """Create a task.

    The task belongs to the caller. Only `title` is required. The tasks of a user have at most 10,000 different tags.

    Returns:
        The new task.
    """
    write = idempotent.write(TaskView.of)
    return TaskView.of(await app.tasks.create(actor, body.to_command(), idempotent_write=write))


@router.get("/statistics", errors=[UserNotFound], example=examples.GET_STATISTICS)
async def get_statistics(actor: CurrentActor, app: App, owner_id: OwnerId = None) -> StatisticsView:
    """Get statistics.

    Counts all tasks of the caller, or of the user `owner_id`.

    Returns:
        The numbers at this moment.
    """
    return StatisticsView.of(await app.tasks.statistics(actor, owner_id=owner_id))


@router.post("/bulk", status=HTTPStatus.CREATED, errors=[LimitReached], max_body=None, example=examples.CREATE_TASKS)
async def create_tasks(body: CreateTasksBody, actor: CurrentActor, app: App, idempotent: Idempotent) -> TaskItemsView:
    """Create several tasks.

    Creates up to 100 tasks, all or none. Errors name the position of the wrong task.

    Returns:
        The new tasks in the order of the request.
    """
    write = idempotent.write(TaskItemsView.of)
    return TaskItemsView.of(await app.task_batches.create(actor, body.to_commands(), idempotent_write=write))


@router.patch(
    "/bulk", errors=[TaskNotFound, StaleTask, LimitReached], max_body=MAX_TASK_BODY, example=examples.EDIT_TASKS
)
async def edit_tasks(body: EditTasksBody, actor: CurrentActor, app: App) -> TaskItemsView:
    """Change several tasks.

    Makes the same changes to up to 100 tasks, all or none. If one id is unknown, the response names the unknown ids in
    `task_ids` and nothing changes.

    Returns:
        The tasks after the change, in the order of the request.
    """
    return TaskItemsView.of(await app.task_batches.edit(actor, body.task_ids, **body.updates.to_changes()))


@router.delete("/bulk", status=HTTPStatus.NO_CONTENT, errors=[TaskNotFound, StaleTask], example=examples.DELETE_TASKS)
async def delete_tasks(body: DeleteTasksBody, actor: CurrentActor, app: App) -> None:
    """Delete several tasks.

    Deletes up to 100 tasks with their files and history, all or none. If one id is unknown, the response names the
    unknown ids in `task_ids` and nothing changes.

    Returns:
        The tasks are deleted. The response has no body.
    """
    await app.task_batches.delete(actor, body.task_ids)


@router.get("/{task_id}", errors=[TaskNotFound, UserNotFound], is_versioned=True, example=examples.GET_TASK)
async def get_task(task_id: TaskIdInPath, actor: CurrentActor, app: App, owner_id: OwnerId = None) -> TaskView:
    """Get a task.

    Returns a task of the caller, or of the user `owner_id`. The `ETag` is the version to send in `If-Match` of a
    change.

    Returns:
        The task, with its version in `ETag`.
    """
    return TaskView.of(await app.tasks.get(actor, task_id, owner_id=owner_id))


@router.patch(
    "/{task_id}",
    errors=[TaskNotFound, LimitReached],
    is_versioned=True,
    max_body=MAX_TASK_BODY,
    example=examples.EDIT_TASK,
)
@router.put(
    "/{task_id}",
    errors=[TaskNotFound, LimitReached],
    is_versioned=True,
    max_body=MAX_TASK_BODY,
    example=examples.EDIT_TASK,
)
async def edit_task(
    task_id: TaskIdInPath, body: EditTaskBody, actor: CurrentActor, app: App, versions: ExpectedVersions
) -> TaskView:
    """Change a task.

    `PUT` and `PATCH` do the same: they change the given fields and leave the others unchanged. A change that changes
    nothing leaves `version` and `updated_at` as they are.

    Returns:
        The task after the change.
    """
    return TaskView.of(await app.tasks.edit(actor, task_id, versions=versions, **body.to_changes()))


@router.delete("/{task_id}", status=HTTPStatus.NO_CONTENT, errors=[TaskNotFound], example=examples.DELETE_TASK)
async def delete_task(task_id: TaskIdInPath, actor: CurrentActor, app: App, versions: ExpectedVersions) -> None:
    """Delete a task.

    Deletes a task with its files and its history. This cannot be undone.

    Returns:
        The task is deleted. The response has no body.
    """
    await app.tasks.delete(actor, task_id, versions=versions)


@router.get("/{task_id}/history", errors=[TaskNotFound, UserNotFound], example=examples.LIST_HISTORY)
async def list_history(
    task_id: TaskIdInPath,
    query: Annotated[ListHistoryQuery, QueryParameters(ListHistoryQuery)],
    actor: CurrentActor,
    app: App,
) -> HistoryPageView:
    """List the changes of a task.

    Returns who changed which fields of the task and when, newest first.

    Returns:
        A page of changes.
    """
    return HistoryPageView.of(await app.tasks.history(actor, task_id, query.to_paging(), owner_id=query.owner_id))


@router.post(
    "/{task_id}/tags",
    errors=[TaskNotFound, LimitReached],
    is_versioned=True,
    max_body=MAX_TASK_BODY,
    example=examples.ADD_TAGS,
)
async def add_tags(
    task_id: TaskIdInPath, body: AddTagsBody, actor: CurrentActor, app: App, versions: ExpectedVersions
) -> TaskView:
    """Add tags to a task.

    The body is a list of tags. Tags that the task has already remain. A task has at most 20 tags.

    Returns:
        The task with all its tags.
    """
    return TaskView.of(await app.tasks.add_tags(actor, task_id, tuple(body), versions=versions))


@router.delete(
    "/{task_id}/tags/{tag}", errors=[TaskNotFound, TagNotFound], is_versioned=True, example=examples.REMOVE_TAG
)
async def remove_tag(
    task_id: TaskIdInPath, tag: TagInPath, actor: CurrentActor, app: App, versions: ExpectedVersions
) -> TaskView:
    """Remove a tag from a task.

    Other tags of the task remain, and so does the tag on other tasks.

    Returns:
        The task without the tag.
    """
    return TaskView.of(await app.tasks.remove_tag(actor, task_id, tag, versions=versions))
