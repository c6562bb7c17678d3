from collections.abc import Callable
from typing import Final

from application.platform.access import visible_owner
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import retried
from application.tasks.ports import TaskUnitOfWork
from application.tasks.recording import save_tasks
from application.tasks.tag_pages import ListTags, TagPage
from domain.errors import TagNotFound
from domain.identity.actor import Actor
from domain.identity.user import UserId
from domain.tasks.tag import Tag, TagCount

ALL_TAGS: Final = ListTags()

_BATCH_SIZE = 500
"""Tasks loaded and saved together. This bounds the memory for renaming a tag of very many tasks."""


class TagService:
    """List, rename and remove tags across all tasks of a user. Each method is one transaction."""

    def __init__(self, unit_of_work: Callable[[], TaskUnitOfWork], clock: Clock, new_id: NewId) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._new_id = new_id

    @retried
    async def list(self, actor: Actor, query: ListTags = ALL_TAGS, *, owner_id: UserId | None = None) -> TagPage:
        """Return a page of the tags in use with their numbers of tasks, sorted by name.

        Raises:
            InvalidValue: The cursor is damaged or belongs to another list.
            UserNotFound: There is no such owner, or the caller may not see it.
        """
        after = query.after()
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            rows = await uow.tasks.find_tags(query.filter, owner_id=owner.user_id, limit=query.limit + 1, after=after)
        return query.page(rows)

    @retried
    async def rename(self, actor: Actor, tag: Tag, new: Tag) -> TagCount:
        """Rename a tag in all tasks. If the new tag is already in use, the two are merged.

        Raises:
            TagNotFound: No task has the tag.
            LimitReached: The owner has too many different tags for both names during the renaming.
        """
        async with self._unit_of_work() as uow:
            if tag == new:
                if not (count := await uow.tasks.count_tag(tag, owner_id=actor.user_id)):
                    raise TagNotFound
                return TagCount(tag, count)
            await self._replace(actor, tag, new, uow)
            count = await uow.tasks.count_tag(new, owner_id=actor.user_id)
            await uow.commit()
        return TagCount(new, count)

    @retried
    async def remove(self, actor: Actor, tag: Tag) -> None:
        """Remove a tag from all tasks.

        Raises:
            TagNotFound: No task has the tag.
        """
        async with self._unit_of_work() as uow:
            await self._replace(actor, tag, None, uow)
            await uow.commit()

    async def _replace(self, actor: Actor, tag: Tag, new: Tag | None, uow: TaskUnitOfWork) -> None:
        at = self._clock.now()
        found = await uow.tasks.with_tag(tag, owner_id=actor.user_id, limit=_BATCH_SIZE)
        if not found:
            raise TagNotFound
        while found:
            edited = (task.rename_tag(tag, new, at=at) if new else task.remove_tag(tag, at=at) for task in found)
            await save_tasks(uow, list(zip(found, edited, strict=True)), self._new_id)
            found = await uow.tasks.with_tag(tag, owner_id=actor.user_id, limit=_BATCH_SIZE)
