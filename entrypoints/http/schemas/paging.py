from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from application.platform.paging import Page, Paging
from entrypoints.http.schemas.body import Body
from entrypoints.http.schemas.fields import digits

T = TypeVar("T")


def _without_default(schema: JsonDict) -> None:
    """Remove the default, which generated clients would send together with a cursor."""
    schema.pop("default", None)


class PageQuery(Body):
    skip: Annotated[int, Field(ge=0, le=100_000, strict=False, json_schema_extra=_without_default), digits] = 0
    """The number of items before the page. 0 by default. Not allowed together with `cursor`."""
    limit: Annotated[int, Field(ge=1, le=100, strict=False), digits] = 20
    """The largest number of items on the page."""
    cursor: str | None = None
    """`next_cursor` of the page before. Filters and order must be the same as there. Not allowed together with `skip`.
    """

    @model_validator(mode="after")
    def _refuse_two_ways_of_paging(self) -> Self:
        if self.cursor is not None and "skip" in self.model_fields_set:
            raise ValueError("use either cursor or skip, not both")
        return self

    def to_paging(self) -> Paging:
        return Paging(limit=self.limit, skip=self.skip, cursor=self.cursor)


@dataclass(slots=True)
class PageView:
    items: list[Any]
    """The items of this page."""
    total: int | None
    """The number of items on all pages. Null for a page by cursor."""
    total_capped: bool
    """Whether `total` was counted only up to 10,000, and there are more items."""
    skip: int | None
    """The number of items before this page. Null for a page by cursor."""
    limit: int
    """The largest number of items on the page."""
    next_cursor: str | None
    """The `cursor` of the next page, or null on the last one."""

    @classmethod
    def from_page(cls, page: Page[T], view: Callable[[T], Any]) -> Self:
        items = [view(item) for item in page.items]
        return cls(items, page.total, page.total_capped, page.skip, page.limit, page.next_cursor)
