from http import HTTPStatus

from fastapi import APIRouter

from domain.errors import StaleTask, TagNotFound, UserNotFound
from entrypoints.http.api.dependencies import Tags
from entrypoints.http.api.paths import TagInPath
from entrypoints.http.api.tasks.tag_schemas import RenameTagBody, TagCountsView, TagCountView
from entrypoints.http.framework.authentication import CurrentActor
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi.document import error_responses
from entrypoints.http.schemas.fields import OwnerId

router = APIRouter(prefix="/api/v1/tags", tags=["tags"], route_class=Route)


@router.get("", responses=error_responses(UserNotFound))
async def list_tags(actor: CurrentActor, tags: Tags, owner_id: OwnerId | None = None) -> TagCountsView:
    return TagCountsView.of(await tags.list(actor, owner_id=owner_id))


@router.patch("/{tag}", responses=error_responses(TagNotFound, StaleTask))
async def rename_tag(tag: TagInPath, body: RenameTagBody, actor: CurrentActor, tags: Tags) -> TagCountView:
    return TagCountView.of(await tags.rename(actor, tag, body.name))


@router.delete("/{tag}", status_code=HTTPStatus.NO_CONTENT, responses=error_responses(TagNotFound, StaleTask))
async def remove_tag_everywhere(tag: TagInPath, actor: CurrentActor, tags: Tags) -> None:
    await tags.remove(actor, tag)
