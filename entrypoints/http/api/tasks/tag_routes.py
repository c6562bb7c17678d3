from http import HTTPStatus
from typing import Annotated

from fastapi import Response

from application.tasks.tags import Deferred
from domain.errors import LimitReached, StaleTask, TagNotFound, UserNotFound
from entrypoints.http.api.dependencies import App, CurrentActor
from entrypoints.http.api.jobs.responses import ACCEPTED, accepted
from entrypoints.http.api.paths import TagInPath
from entrypoints.http.api.tasks import examples
from entrypoints.http.api.tasks.tag_schemas import ListTagsQuery, RenameTagBody, TagCountView, TagPageView
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router

router = Router("/api/v1/tags", tag="tags")


@router.get("", errors=[UserNotFound], example=examples.LIST_TAGS)
async def list_tags(
    query: Annotated[ListTagsQuery, QueryParameters(ListTagsQuery)], actor: CurrentActor, app: App
) -> TagPageView:
    """List tags.

    Returns the tags on all tasks of the caller, or of the user `owner_id`, sorted by name, with the number of their
    tasks.

    Returns:
        A page of tags.
    """
    return TagPageView.of(await app.tags.list(actor, query.to_query(), owner_id=query.owner_id))


@router.patch(
    "/{tag}",
    response_model=TagCountView,
    responses=ACCEPTED,
    errors=[TagNotFound, UserNotFound, StaleTask, LimitReached],
    example=examples.RENAME_TAG,
)
async def rename_tag(tag: TagInPath, body: RenameTagBody, actor: CurrentActor, app: App) -> TagCountView | Response:
    """Rename a tag.

    Renames a tag on all tasks of the caller. If the new name exists, the tags are merged.

    If the tag is on more than 2,000 tasks, or if a job for one of the tags has not ended, a job does the work (`202`).
    Changes take effect in the order in which they were accepted. A task that gets the old tag before its job has ended
    is changed too. A repeated request gets the job of the first one.

    Returns:
        The tag with its new name.
    """
    renamed = await app.tags.rename(actor, tag, body.name)
    return accepted(renamed.job_id) if isinstance(renamed, Deferred) else TagCountView.of(renamed)


@router.delete(
    "/{tag}",
    status=HTTPStatus.NO_CONTENT,
    responses=ACCEPTED,
    errors=[TagNotFound, UserNotFound, StaleTask, LimitReached],
    example=examples.REMOVE_TAG_EVERYWHERE,
)
async def remove_tag_everywhere(tag: TagInPath, actor: CurrentActor, app: App) -> Response:
    """Remove a tag.

    Removes a tag from all tasks of the caller. If the tag is on more than 2,000 tasks, or if a job for the tag has not
    ended, a job does the work (`202`).

    Returns:
        No task has the tag any more. The response has no body.
    """
    deferred = await app.tags.remove(actor, tag)
    return accepted(deferred.job_id) if deferred else Response(status_code=HTTPStatus.NO_CONTENT)
