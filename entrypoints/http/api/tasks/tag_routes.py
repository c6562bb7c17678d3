from http import HTTPStatus
from typing import Annotated

from domain.errors import LimitReached, StaleTask, TagNotFound, UserNotFound
from entrypoints.http.api.dependencies import App, CurrentActor
from entrypoints.http.api.paths import TagInPath
from entrypoints.http.api.tasks.tag_schemas import ListTagsQuery, RenameTagBody, TagCountView, TagPageView
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router

router = Router("/api/v1/tags", tag="tags")


@router.get("", errors=[UserNotFound])
async def list_tags(
    query: Annotated[ListTagsQuery, QueryParameters(ListTagsQuery)], actor: CurrentActor, app: App
) -> TagPageView:
    return TagPageView.of(await app.tags.list(actor, query.to_query(), owner_id=query.owner_id))


@router.patch("/{tag}", errors=[TagNotFound, StaleTask, LimitReached])
async def rename_tag(tag: TagInPath, body: RenameTagBody, actor: CurrentActor, app: App) -> TagCountView:
    return TagCountView.of(await app.tags.rename(actor, tag, body.name))


@router.delete("/{tag}", status=HTTPStatus.NO_CONTENT, errors=[TagNotFound, StaleTask])
async def remove_tag_everywhere(tag: TagInPath, actor: CurrentActor, app: App) -> None:
    await app.tags.remove(actor, tag)
