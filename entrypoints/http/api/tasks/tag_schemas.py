from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field

from application.tasks.tag_pages import ListTags, TagPage
from domain.tasks.tag import TagCount
from domain.tasks.tag_query import TagFilter
from entrypoints.http.schemas.body import Body
from entrypoints.http.schemas.fields import NO_NUL, OwnerId, TagName, digits


class RenameTagBody(Body):
    name: TagName


class ListTagsQuery(Body):
    search: Annotated[str, Field(max_length=TagFilter.MAX_SEARCH, pattern=NO_NUL)] = Field(
        "", description="part of the name, in any case and width"
    )
    limit: Annotated[int, Field(ge=1, le=ListTags.MAX_LIMIT, strict=False), digits] = ListTags.MAX_LIMIT
    cursor: str | None = Field(None, description="`next_cursor` of the previous page")
    owner_id: OwnerId | None = None

    def to_query(self) -> ListTags:
        return ListTags(filter=TagFilter(self.search), limit=self.limit, cursor=self.cursor)


@dataclass(slots=True)
class TagCountView:
    name: str
    task_count: int

    @classmethod
    def of(cls, count: TagCount) -> Self:
        return cls(name=count.tag.name, task_count=count.task_count)


@dataclass(slots=True)
class TagPageView:
    items: list[TagCountView]
    next_cursor: str | None

    @classmethod
    def of(cls, page: TagPage) -> Self:
        return cls(items=[TagCountView.of(count) for count in page.items], next_cursor=page.next_cursor)
