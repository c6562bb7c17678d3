from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field

from application.tasks.tag_pages import ListTags, TagPage
from domain.tasks.tag import TagCount
from domain.tasks.tag_query import TagFilter
from entrypoints.http.schemas.body import Body
from entrypoints.http.schemas.fields import NO_NUL, OwnerId, TagName, digits


class RenameTagBody(Body):
    """The new name of a tag."""

    name: TagName
    """The new name. If you have such a tag already, the two tags are merged."""


class ListTagsQuery(Body):
    search: Annotated[str, Field(max_length=TagFilter.MAX_SEARCH, pattern=NO_NUL)] = ""
    """Returns only tags whose name contains this text, ignoring case and width. At most 200 characters."""
    limit: Annotated[int, Field(ge=1, le=ListTags.MAX_LIMIT, strict=False), digits] = ListTags.MAX_LIMIT
    """The largest number of tags on the page."""
    cursor: str | None = None
    """`next_cursor` of the page before. The other parameters must be the same as there."""
    owner_id: OwnerId = None

    def to_query(self) -> ListTags:
        return ListTags(filter=TagFilter(self.search), limit=self.limit, cursor=self.cursor)


@dataclass(slots=True)
class TagCountView:
    """A tag and its use."""

    name: str
    """The name of the tag in lower case."""
    task_count: int
    """The number of tasks that have the tag."""

    @classmethod
    def of(cls, count: TagCount) -> Self:
        return cls(name=count.tag.name, task_count=count.task_count)


@dataclass(slots=True)
class TagPageView:
    """A page of tags."""

    items: list[TagCountView]
    """The tags of this page, sorted by name."""
    next_cursor: str | None
    """The `cursor` of the next page, or null on the last one."""

    @classmethod
    def of(cls, page: TagPage) -> Self:
        return cls(items=[TagCountView.of(count) for count in page.items], next_cursor=page.next_cursor)
