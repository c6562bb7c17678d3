from http import HTTPStatus

from domain.errors import StaleTask, TagNotFound, UserNotFound
from entrypoints.http.api.dependencies import CurrentActor, CurrentServices
from entrypoints.http.api.paths import TagInPath
from entrypoints.http.api.tasks.tag_schemas import RenameTagBody, TagCountsView, TagCountView
from entrypoints.http.framework.router import Router
from entrypoints.http.schemas.fields import OwnerId

router = Router("/api/v1/tags", tag="tags")


@router.get("", errors=[UserNotFound])
async def list_tags(actor: CurrentActor, services: CurrentServices, owner_id: OwnerId | None = None) -> TagCountsView:
    return TagCountsView.of(await services.tags.list(actor, owner_id=owner_id))


@router.patch("/{tag}", errors=[TagNotFound, StaleTask])
async def rename_tag(
    tag: TagInPath, body: RenameTagBody, actor: CurrentActor, services: CurrentServices
) -> TagCountView:
    return TagCountView.of(await services.tags.rename(actor, tag, body.name))


@router.delete("/{tag}", status=HTTPStatus.NO_CONTENT, errors=[TagNotFound, StaleTask])
async def remove_tag_everywhere(tag: TagInPath, actor: CurrentActor, services: CurrentServices) -> None:
    await services.tags.remove(actor, tag)
