from http import HTTPStatus

from fastapi import APIRouter

from domain.errors import StaleTask, TagNotFound, UserNotFound
from entrypoints.http.dependencies import CurrentActor, Tags
from entrypoints.http.openapi import answers
from entrypoints.http.paths import TagInPath
from entrypoints.http.routing import Route
from entrypoints.http.schemas.fields import OwnerId
from entrypoints.http.schemas.tags import RenameTagBody, TagCountsView, TagCountView

router = APIRouter(prefix="/api/v1/tags", tags=["tags"], route_class=Route)


@router.get("", responses=answers(UserNotFound))
async def list_tags(actor: CurrentActor, tags: Tags, owner_id: OwnerId | None = None) -> TagCountsView:
    return TagCountsView.of(await tags.list(actor, owner_id=owner_id))


@router.patch("/{tag}", responses=answers(TagNotFound, StaleTask))
async def rename_tag(tag: TagInPath, body: RenameTagBody, actor: CurrentActor, tags: Tags) -> TagCountView:
    return TagCountView.of(await tags.rename(actor, tag, body.name))


@router.delete("/{tag}", status_code=HTTPStatus.NO_CONTENT, responses=answers(TagNotFound, StaleTask))
async def remove_tag_everywhere(tag: TagInPath, actor: CurrentActor, tags: Tags) -> None:
    await tags.remove(actor, tag)
