"""Filter and order of tag lists. These classes specify what the queries of every storage return."""

from dataclasses import dataclass
from typing import ClassVar

from domain.filters import MAX_SEARCH, check_search
from domain.tasks.tag import Tag, fold_tag
from domain.text import is_storable


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Tags whose name contains `search`, without regard to case and width. A blank search accepts every tag.

    Raises:
        InvalidValue: The search is too long or contains NUL or a lone surrogate.
    """

    MAX_SEARCH: ClassVar = MAX_SEARCH

    search: str = ""

    def __post_init__(self) -> None:
        check_search(self.search)

    @property
    def signature(self) -> dict[str, object]:
        """The condition under stable names; see `Signed`."""
        return {"search": self.search}

    @property
    def text(self) -> str:
        """The text that names must contain, folded as names are."""
        return fold_tag(self.search)

    def match(self, tag: Tag) -> bool:
        """Return whether the name of the tag contains the search."""
        return self.text in tag.name


@dataclass(frozen=True, slots=True)
class ByName:
    """Sort tags by name, by code point."""

    @property
    def signature(self) -> dict[str, object]:
        """The order under stable names; see `Signed`."""
        return {}

    def validate_key(self, key: object) -> str:
        """Return a name that a client sent as the end of the previous page.

        Raises:
            ValueError: No tag can have this name.
        """
        if not isinstance(key, str) or not is_storable(key):
            raise ValueError("no tag can have this name")
        return key
