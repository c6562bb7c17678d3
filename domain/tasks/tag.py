from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from domain.errors import InvalidTag, LimitReached
from domain.text import fold, is_blank, is_storable, may_fit


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
MAX_GIVEN_TAGS = 100
"""Tags in one list, before duplicates are removed."""
MAX_DISTINCT_TAGS = 10_000
"""Tags that all tasks of an owner together may have."""


def check_distinct_tags(number: int) -> None:
    """Check the number of different tags of an owner after a write that added some.

    Raises:
        LimitReached: There are more than MAX_DISTINCT_TAGS.
    """
    if number > MAX_DISTINCT_TAGS:
        raise LimitReached(f"the tasks of a user together must have at most {MAX_DISTINCT_TAGS} different tags")


def parse_tags(names: Sequence[str]) -> tuple[Tag, ...]:
    """Return the tags with these names, sorted and without duplicates.

    Raises:
        InvalidTag: A name is no valid tag, or there are more than MAX_GIVEN_TAGS names or MAX_TAGS tags.
    """
    if len(names) > MAX_GIVEN_TAGS:
        raise _too_many()
    return normalize_tags(map(Tag, dict.fromkeys(names)))


def normalize_tags(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Return the tags of a task sorted and without duplicates.

    Raises:
        InvalidTag: There are more than MAX_TAGS tags.
    """
    unique = tuple(sorted(set(tags)))
    if len(unique) > MAX_TAGS:
        raise _too_many()
    return unique


def fold_tag(text: str) -> str:
    """Return a name, or a part of one, in the form in which tags are compared."""
    name = text.strip()
    while (folded := fold(name).strip()) != name:  # folding can produce white space at the ends
        name = folded
    return name


def _normalize(text: str) -> str:
    if not is_storable(text):
        raise InvalidTag("tag must not contain NUL or lone surrogates")
    name = text.strip()
    if not may_fit(name, Tag.MAX_LENGTH):
        raise _wrong_length()
    name = fold_tag(name)
    if not 1 <= len(name) <= Tag.MAX_LENGTH:
        raise _wrong_length()
    if name in {".", ".."} or any(c in Tag.FORBIDDEN or _is_control(c) for c in name) or is_blank(name):
        raise InvalidTag("tag must be visible text without comma, slash and control characters, and not . or ..")
    return name


def _too_many() -> InvalidTag:
    return InvalidTag(f"task must have at most {MAX_TAGS} tags")


def _wrong_length() -> InvalidTag:
    return InvalidTag(f"tag must have 1 to {Tag.MAX_LENGTH} characters")


def _is_control(character: str) -> bool:
    """Return whether the character is a C0 or C1 control character or DEL."""
    return character < " " or "\x7f" <= character <= "\x9f"
