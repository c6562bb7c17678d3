"""Conditions and filters of lists. A filter declares each field once, together with the condition that it means."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, tzinfo
from functools import cache
from typing import Any, ClassVar, Final, Generic, Protocol, Self, TypeVar, cast

from domain.errors import InvalidValue
from domain.text import fold, is_storable

MAX_SEARCH: Final = 200

_TO_CONDITION: Final = "to_condition"

Entity = TypeVar("Entity")
Entity_contra = TypeVar("Entity_contra", contravariant=True)
Value = TypeVar("Value")
Empty = TypeVar("Empty")


@dataclass(frozen=True, slots=True)
class Condition(ABC, Generic[Entity_contra]):
    """A condition that an entity meets or does not meet. Subclasses are frozen dataclasses.

    Storages evaluate conditions themselves and must agree with `match`.
    """

    depends_on_time: ClassVar = False
    """Whether the values contain the current time. Results of such a condition must not be cached."""

    @abstractmethod
    def match(self, entity: Entity_contra, /) -> bool:
        """Return whether the entity meets the condition."""


@dataclass(frozen=True, slots=True)
class Criteria(Generic[Entity]):
    """A set of conditions. An entity matches if it meets all of them. Without conditions, every entity matches."""

    conditions: tuple[Condition[Entity], ...] = ()

    def match(self, entity: Entity) -> bool:
        """Return whether the entity meets all conditions."""
        return all(condition.match(entity) for condition in self.conditions)


class Searchable(Protocol):
    """An entity with a text to search in."""

    @property
    def search_text(self) -> str:
        """The folded text."""
        ...


@dataclass(frozen=True, slots=True)
class ContainsWords(Condition[Searchable]):
    """All words occur in the search text. The words are folded and not empty, and none is part of another one."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, search: str) -> Self | None:
        """Return the condition of a search. A blank search is no condition."""
        words = dict.fromkeys(fold(search).split())
        needed = [word for word in words if not any(word in other for other in words if other != word)]
        return cls(tuple(needed)) if needed else None

    def match(self, entity: Searchable, /) -> bool:
        """Return whether all words occur."""
        text = entity.search_text
        return all(word in text for word in self.words)


_Declaration = tuple[str, object, Callable[..., Condition[Any] | None]]
"""Name, empty value and conversion of a field."""


def filter_field(empty: Empty, to_condition: Callable[[Value], Condition[Any] | None]) -> Empty | Value:
    """Declare a field of a filter.

    Args:
        empty: The default value. It is no condition.
        to_condition: Converts any other value to its condition, or to None for no condition.
    """
    return timed_filter_field(empty, lambda value, *_: to_condition(value))


def timed_filter_field(
    empty: Empty, to_condition: Callable[[Value, datetime, tzinfo], Condition[Any] | None]
) -> Empty | Value:
    """Declare a field of a filter whose condition depends on the current time or on the owner's time zone."""
    declared: Any = field(default=empty, metadata={_TO_CONDITION: to_condition})
    return cast(Empty, declared)


class Filter:
    """Base class of filters. Every field is declared with `filter_field` or `timed_filter_field`."""

    __slots__ = ()

    @property
    def signature(self) -> dict[str, object]:
        """The values of all fields by name, in the order of the fields; see `Signed`."""
        return {name: getattr(self, name) for name, _, _ in self._declarations}

    def conditions(self, *now_and_zone: datetime | tzinfo) -> tuple[Condition[Any], ...]:
        """Return the conditions of the fields that are not empty, in the order of the fields.

        Args:
            now_and_zone: The current time and the time zone, required by filters with a `timed_filter_field`.
        """
        conditions = [
            to_condition(value, *now_and_zone)
            for name, empty, to_condition in self._declarations
            if (value := getattr(self, name)) != empty
        ]
        return tuple([condition for condition in conditions if condition is not None])

    @property
    def _declarations(self) -> tuple[_Declaration, ...]:
        filter_class: Any = type(self)
        return _declarations_of(filter_class)


@cache
def _declarations_of(filter_class: type[Any]) -> tuple[_Declaration, ...]:
    return tuple((field.name, field.default, field.metadata[_TO_CONDITION]) for field in fields(filter_class))


def check_search(text: str) -> None:
    """Check the text of a search.

    Raises:
        InvalidValue: The text is too long or contains NUL or a lone surrogate.
    """
    if len(text) > MAX_SEARCH or not is_storable(text):
        raise InvalidValue(
            "search",
            "invalid_search",
            f"search must have at most {MAX_SEARCH} characters, and no NUL or lone surrogates",
        )
