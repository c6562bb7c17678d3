from http import HTTPStatus

from fastapi import APIRouter

from domain.errors import TagNotFound
from entrypoints.http.dependencies import CurrentUser, Tags
from entrypoints.http.openapi import answers
from entrypoints.http.paths import TagInPath
from entrypoints.http.routing import Route
from entrypoints.http.schemas.tasks import RenameTagBody, TagCountsView, TagCountView

router = APIRouter(prefix="/api/v1/tags", tags=["tags"], route_class=Route)


@router.get("")
async def list_tags(user: CurrentUser, tags: Tags) -> TagCountsView:
    return TagCountsView.of(await tags.list(user))


@router.patch("/{tag}", responses=answers(TagNotFound))
async def rename_tag(tag: TagInPath, body: RenameTagBody, user: CurrentUser, tags: Tags) -> TagCountView:
    return TagCountView.of(await tags.rename(user, tag, body.name))


@router.delete("/{tag}", status_code=HTTPStatus.NO_CONTENT, responses=answers(TagNotFound))
async def remove_tag_everywhere(tag: TagInPath, user: CurrentUser, tags: Tags) -> None:
    await tags.remove(user, tag)
