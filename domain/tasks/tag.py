from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from domain.errors import InvalidTag
from domain.text import fold, is_blank, is_storable


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """A label compared without case or width: `Tag("Work") == Tag(" work ")`. Ordered by code point."""

    MAX_LENGTH: ClassVar = 50
    FORBIDDEN: ClassVar = ",/"

    name: str

    @property
    def signature(self) -> dict[str, object]:
        """The name under stable names; see `Signed`."""
        return {"name": self.name}

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _normalize(self.name))


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag and the number of tasks that have it."""

    tag: Tag
    task_count: int


MAX_TAGS = 20


def normalize_tags(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Return the tags of a task sorted and without duplicates.

    Raises:
        InvalidTag: There are more than MAX_TAGS tags.
    """
    unique = tuple(sorted(set(tags)))
    if len(unique) > MAX_TAGS:
        raise InvalidTag(f"task must have at most {MAX_TAGS} tags")
    return unique


def _normalize(text: str) -> str:
    if not is_storable(text):
        raise InvalidTag("tag must not contain NUL or lone surrogates")
    name = text.strip()
    while (folded := fold(name).strip()) != name:  # folding can produce white space at the ends
        name = folded
    if not 1 <= len(name) <= Tag.MAX_LENGTH:
        raise InvalidTag(f"tag must have 1 to {Tag.MAX_LENGTH} characters")
    if name in {".", ".."} or any(c in Tag.FORBIDDEN or _is_control(c) for c in name) or is_blank(name):
        raise InvalidTag("tag must be visible text without comma, slash and control characters, and not . or ..")
    return name


def _is_control(character: str) -> bool:
    """Return whether the character is a C0 or C1 control character or DEL."""
    return character < " " or "\x7f" <= character <= "\x9f"
