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

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _normal(self.name))


@dataclass(frozen=True, slots=True)
class TagCount:
    tag: Tag
    task_count: int


MAX_TAGS = 20


def tag_set(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Sorted and without duplicates. Raises InvalidTag for more than 20."""
    unique = tuple(sorted(set(tags)))
    if len(unique) > MAX_TAGS:
        raise InvalidTag(f"a task has at most {MAX_TAGS} tags")
    return unique


def _normal(text: str) -> str:
    if not is_storable(text):
        raise InvalidTag("a tag has no NUL or lone surrogate")
    name = text.strip()
    while (normal := fold(name).strip()) != name:
        name = normal
    if not 1 <= len(name) <= Tag.MAX_LENGTH:
        raise InvalidTag(f"a tag has 1 to {Tag.MAX_LENGTH} characters")
    if name in {".", ".."} or any(c in Tag.FORBIDDEN or _is_control(c) for c in name) or is_blank(name):
        raise InvalidTag("a tag is visible text without comma, slash or control characters, and not . or ..")
    return name


def _is_control(character: str) -> bool:
    """C0, DEL and C1."""
    return character < " " or "\x7f" <= character <= "\x9f"
