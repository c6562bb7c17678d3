from http import HTTPStatus

from domain.errors import StaleTask, TagNotFound, UserNotFound
from entrypoints.http.api.dependencies import App, CurrentActor
from entrypoints.http.api.paths import TagInPath
from entrypoints.http.api.tasks.tag_schemas import RenameTagBody, TagCountsView, TagCountView
from entrypoints.http.framework.router import Router
from entrypoints.http.schemas.fields import OwnerId

router = Router("/api/v1/tags", tag="tags")


@router.get("", errors=[UserNotFound])
async def list_tags(actor: CurrentActor, app: App, owner_id: OwnerId | None = None) -> TagCountsView:
    return TagCountsView.of(await app.tags.list(actor, owner_id=owner_id))


@router.patch("/{tag}", errors=[TagNotFound, StaleTask])
async def rename_tag(tag: TagInPath, body: RenameTagBody, actor: CurrentActor, app: App) -> TagCountView:
    return TagCountView.of(await app.tags.rename(actor, tag, body.name))


@router.delete("/{tag}", status=HTTPStatus.NO_CONTENT, errors=[TagNotFound, StaleTask])
async def remove_tag_everywhere(tag: TagInPath, actor: CurrentActor, app: App) -> None:
    await app.tags.remove(actor, tag)
