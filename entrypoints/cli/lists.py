"""Lists of several pages."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import typer

if TYPE_CHECKING:
    from application.platform.paging import Page, Paging

T = TypeVar("T")

PAGE_SIZE: Final = 100
"""Rows that a page of the API has at most, too."""

LimitOption = Annotated[int, typer.Option(min=1, help="Maximum number of rows.")]
AllOption = Annotated[bool, typer.Option("--all", help="All rows, without a limit.")]
SortOrder = Literal["asc", "desc"]


async def collect(fetch: "Callable[[Paging], Awaitable[Page[T]]]", limit: int | None) -> "Page[T]":
    """Return up to `limit` rows, or all, as one page."""
    from application.platform.paging import Paging

    def paging(count: int, cursor: str | None) -> Paging:
        return Paging(limit=PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - count), cursor=cursor)

    page = first = await fetch(paging(0, None))
    items = list(page.items)
    while page.next_cursor is not None and (limit is None or len(items) < limit):
        page = await fetch(paging(len(items), page.next_cursor))
        items += page.items
    return replace(first, items=items, limit=limit or len(items), next_cursor=page.next_cursor)


def describe_rest(page: "Page[Any]", kind: str) -> str | None:
    """Return a hint if the list has more rows than the page."""
    if page.next_cursor is None:
        return None
    total = f"more than {page.total}" if page.total_capped else page.total
    return f"{len(page.items)} of {total} {kind}; --limit and --all print more"
