from dataclasses import dataclass
from typing import ClassVar, Final

from application.platform.paging import decode_cursor, encode_cursor
from domain.tasks.tag import TagCount
from domain.tasks.tag_query import ByName, TagFilter

_BY_NAME: Final = ByName()


@dataclass(frozen=True, slots=True)
class TagPage:
    """One page of a list of tags."""

    items: list[TagCount]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTags:
    """Which tags a caller requests: up to `limit` tags by name, those after `cursor` if it is given."""

    MAX_LIMIT: ClassVar = 1000

    filter: TagFilter = TagFilter()
    limit: int = MAX_LIMIT
    cursor: str | None = None

    def after(self) -> str:
        """Return the name after which the page starts; empty for the first page.

        Raises:
            InvalidValue: The cursor is damaged or belongs to another list.
        """
        if self.cursor is None:
            return ""
        return decode_cursor(self.cursor, self.filter, _BY_NAME, _BY_NAME.validate_key)

    def page(self, rows: list[TagCount]) -> TagPage:
        """Return the page of the rows: up to `limit`, and one more if there are more."""
        items = rows[: self.limit]
        is_last = len(rows) <= self.limit
        return TagPage(items, None if is_last else encode_cursor(items[-1].tag.name, self.filter, _BY_NAME))
